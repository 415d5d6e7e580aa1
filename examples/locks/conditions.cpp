// Two Conditions on one lock: workers wait for items, the producer for enough results. When there are enough, or no
// more items, everybody stops; what is left over is counted, not forgotten.
//
//     conditions [ITEMS [ENOUGH]]
#include <hocket/sync.hpp>
#include <hocket/threading.hpp>

#include <deque>
#include <iostream>
#include <mutex>
#include <string>
#include <vector>

#include "../arguments.hpp"

namespace hk = hocket;

class Exchange {
public:
    explicit Exchange(std::size_t enough) : enough_(enough) {}
    void submit(int item) {
        std::scoped_lock guard(lock_);
        items_.push_back(item);
        item_there_.notify();  // one item, one worker
    }
    // Nobody begins with another item.
    void no_more() {
        std::scoped_lock guard(lock_);
        closed_ = true;
        item_there_.notify_all();
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
        if (results_.size() == enough_) {  // here, not when the producer has been told: by then there would be more
            closed_ = true;
            item_there_.notify_all();
        }
        result_there_.notify();
    }
    void wait_for_results(std::size_t submitted) {
        std::unique_lock guard(lock_);
        result_there_.wait(guard, [&] { return results_.size() >= enough_ || results_.size() == submitted; });
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
    const std::size_t enough_;
    bool closed_ = false;
};

int main(int argc, char** argv) {
    Arguments arguments(argc, argv, "conditions [ITEMS [ENOUGH]]");
    const auto count = arguments.number<std::size_t>("ITEMS", 200, 0, 1'000'000);
    const auto enough = arguments.number<std::size_t>("ENOUGH", 5, 0, 1'000'000);
    arguments.end();

    Exchange exchange(enough);
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
    exchange.wait_for_results(count);
    std::cout << "Stopping workers\n";
    exchange.no_more();
    for (hk::Thread& worker : workers) worker.join();
    std::cout << exchange.results() << " items processed, " << exchange.left_over() << " left over\n";
}
