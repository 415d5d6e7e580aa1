// A hundred tasks on one thread add one to a number. Tasks take turns only where they await, but that is enough to lose
// updates: what was read before a co_await may be old after it. A lock held over the await cures that.
#include <hocket/aio.hpp>
#include <hocket/sync.hpp>

#include <algorithm>
#include <iostream>
#include <vector>

namespace hk = hocket;

constexpr int kTasks = 100;

hk::Task<int> offset() {
    co_await hk::yield_now();  // asks somebody else, say
    co_return 1;
}

// Python's `num += await offset()`, step by step. (C++ evaluates the right side of += first, and `num += co_await
// offset()` happens to be right; `num = num + co_await offset()` may go either way.)
hk::Task<void> add_one(int& num) {
    const int before = num;
    const int more = co_await offset();
    num = before + more;
}

hk::Task<void> add_one_alone(int& num, hk::Lock& lock, std::vector<int>& served, int me) {
    auto guard = co_await lock.async_lock();
    served.push_back(me);
    co_await add_one(num);
}

hk::Task<void> compare() {
    int num = 0;
    auto all_at_once = [&](hk::TaskGroup& group) -> hk::Task<void> {
        for (int i = 0; i < kTasks; ++i) group.create_task(add_one(num));
        co_return;
    };
    co_await hk::task_group(all_at_once);
    std::cout << "without a lock: " << num << '\n';

    hk::Lock lock;  // that of threads, too: there is only one kind
    std::vector<int> served;
    num = 0;
    auto one_by_one = [&](hk::TaskGroup& group) -> hk::Task<void> {
        for (int i = 0; i < kTasks; ++i) group.create_task(add_one_alone(num, lock, served, i));
        co_return;
    };
    co_await hk::task_group(one_by_one);
    std::cout << "with a lock: " << num << ", "
              << (std::is_sorted(served.begin(), served.end()) ? "first come, first served" : "in disorder") << '\n';
}

int main() { hk::run(compare()); }
