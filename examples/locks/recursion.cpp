// A function that takes a lock and calls itself: with a Lock that is a deadlock, which Hocket reports instead of
// hanging; with an RLock it works.
#include <hocket/sync.hpp>
#include <hocket/threading.hpp>

#include <algorithm>
#include <iostream>
#include <mutex>
#include <span>
#include <vector>

namespace hk = hocket;

template <class L>
int sum(L& lock, std::span<const int> numbers) {
    std::scoped_lock guard(lock);
    std::cout << "Acquired lock.\n";
    return numbers.empty() ? 0 : numbers[0] + sum(lock, numbers.subspan(1));
}

// A list whose operations are atomic to other threads, and may be built of each other.
class IntList {
public:
    explicit IntList(std::vector<int> items) : items_(std::move(items)) {}
    std::vector<std::size_t> indices_of(int wanted) {
        std::scoped_lock guard(lock_);
        std::vector<std::size_t> found;
        for (std::size_t i = 0; i < items_.size(); ++i) {
            if (items_[i] == wanted) found.push_back(i);
        }
        return found;
    }
    void find_and_replace(int old, int replacement) {
        std::scoped_lock guard(lock_);
        for (const std::size_t i : indices_of(old)) items_[i] = replacement;
    }
    std::vector<int> items() {
        std::scoped_lock guard(lock_);
        return items_;
    }

private:
    hk::RLock lock_;
    std::vector<int> items_;
};

int main() {
    const std::vector<int> numbers{1, 2, 3, 4};

    hk::Lock plain("plain");
    try {
        sum(plain, numbers);
    } catch (const hk::DeadlockError& error) {
        std::cout << error.what() << '\n';
    }

    hk::RLock recursive("recursive");
    const int total = sum(recursive, numbers);
    std::cout << "sum: " << total << '\n';

    IntList list({1, 2, 1, 2, 1});
    list.find_and_replace(1, 2);
    for (const int item : list.items()) std::cout << item << ' ';
    std::cout << '\n';

    // Another thread gets in only after the last unlock().
    recursive.lock();
    recursive.lock();
    hk::Event tried;
    bool too_early = false;
    hk::Thread other([&] {
        too_early = recursive.try_lock();
        tried.set();
        std::scoped_lock guard(recursive);
        std::cout << "the other thread is in\n";
    });
    tried.wait();
    recursive.unlock();
    std::cout << "released once" << (too_early ? ", too late" : "") << '\n';
    recursive.unlock();
    other.join();

    // An RLock also hides that an operation sees the middle of another: increments that interfere, by one thread.
    int number = 0;
    hk::RLock lock;
    auto jump = [&] {
        std::scoped_lock guard(lock);
        number = -50;
    };
    for (int i = 0; i < 8; ++i) {
        std::scoped_lock guard(lock);
        ++number;
        if (number == 4) jump();
    }
    std::cout << "number: " << number << '\n';
}
