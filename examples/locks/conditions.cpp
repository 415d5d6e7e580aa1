// Two Conditions on one lock: workers wait for items, the producer for enough results. When there are enough, or no
// more items, everybody stops; what is left over is counted, not forgotten.
//
//     conditions [ITEMS] [ENOUGH]
#include <hocket/sync.hpp>
#include <hocket/threading.hpp>

#include <deque>
#include <iostream>
#include <mutex>
#include <string>
#include <vector>

namespace hk = hocket;

class Exchange {
public:
    void submit(int item) {
        std::scoped_lock guard(lock_);
        items_.push_back(item);
        item_there_.notify();  // one item, one worker
    }
    void no_more() {
        std::scoped_lock guard(lock_);
        closed_ = true;
        item_there_.notify_all();
        result_there_.notify_all();
    }
    // False when there is nothing more to do.
    bool next(int& item) {
        std::unique_lock guard(lock_);
        item_there_.wait(guard, [&] { return closed_ || !items_.empty(); });
        if (closed_) return false;
        item = items_.front();
        items_.pop_front();
        return true;
    }
    void finished(int result) {
        std::scoped_lock guard(lock_);
        results_.push_back(result);
        result_there_.notify();
    }
    void wait_for_results(std::size_t enough, std::size_t submitted) {
        std::unique_lock guard(lock_);
        result_there_.wait(guard, [&] { return results_.size() >= enough || results_.size() == submitted; });
    }
    std::size_t results() {
        std::scoped_lock guard(lock_);
        return results_.size();
    }
    std::size_t left_over() {
        std::scoped_lock guard(lock_);
        return items_.size();
    }

private:
    hk::Lock lock_;
    hk::Condition item_there_{lock_}, result_there_{lock_};
    std::deque<int> items_;
    std::vector<int> results_;
    bool closed_ = false;
};

int main(int argc, char** argv) {
    const std::size_t count = argc > 1 ? std::stoul(argv[1]) : 200;
    const std::size_t enough = argc > 2 ? std::stoul(argv[2]) : 5;

    Exchange exchange;
    std::vector<hk::Thread> workers;
    for (int i = 0; i < 2; ++i) {
        workers.emplace_back([&] {
            for (int item = 0; exchange.next(item);) {
                hk::this_thread::sleep_for(std::chrono::milliseconds(1));  // works without the lock
                exchange.finished(item * item);
            }
        });
    }
    for (std::size_t i = 0; i < count; ++i) exchange.submit(static_cast<int>(i));
    std::cout << count << " items submitted\n";
    exchange.wait_for_results(enough, count);
    std::cout << "Stopping workers\n";
    exchange.no_more();
    for (hk::Thread& worker : workers) worker.join();
    std::cout << exchange.results() << " items processed, " << exchange.left_over() << " left over\n";
}
