// Lock order that is checked for you: with HOCKET_DEBUG=1 the first time that two locks are taken against the order
// seen before is reported, though nothing hangs. acquire() refuses a wrong order always.
#include <hocket/sync.hpp>

#include <iostream>
#include <mutex>

namespace hk = hocket;

int main() {
    hk::Lock accounts("accounts"), journal("journal");
    {
        std::scoped_lock first(accounts);
        std::scoped_lock second(journal);
    }
    {
        std::scoped_lock first(journal);
        std::scoped_lock second(accounts);  // works today, deadlocks one day
    }

    hk::Lock x, y;
    hk::Lock& low = &x < &y ? x : y;
    hk::Lock& high = &x < &y ? y : x;
    auto twice = hk::acquire(low, low);  // once is enough
    twice.release();
    auto held = hk::acquire(high);
    try {
        auto wrong = hk::acquire(low);
        std::cout << "not refused\n";
    } catch (const hk::LockOrderError&) {
        std::cout << "refused: a nested acquire() against the order\n";
    }
    held.release();
    auto later = hk::acquire(low);
    std::cout << "later it is fine\n";
    later.release();

    hk::RLock again;
    auto outer = hk::acquire(again);
    auto inner = hk::acquire(again);
    std::cout << "an RLock may be taken again\n";
}
