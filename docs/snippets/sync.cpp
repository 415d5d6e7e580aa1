// The snippets of docs/sync.md.
#include <hocket/aio.hpp>
#include <hocket/sync.hpp>
#include <hocket/threading.hpp>

#include <cstdlib>
#include <deque>
#include <iostream>
#include <mutex>
#include <string>

namespace hk = hocket;

// [shared]
class Inbox {
public:
    void put(std::string letter) {  // by threads
        std::scoped_lock guard(changed_);
        letters_.push_back(std::move(letter));
        changed_.notify();
    }
    hk::Task<std::string> get() {  // by tasks
        auto guard = co_await changed_.async_lock();
        const auto there = [this] { return !letters_.empty(); };
        co_await changed_.async_wait(guard, there);
        std::string letter = std::move(letters_.front());
        letters_.pop_front();
        co_return letter;
    }

private:
    hk::Condition changed_;
    std::deque<std::string> letters_;
};
// [shared]

struct Account {
    hk::Lock lock;
    int balance = 0;
};

// [acquire]
void transfer(Account& from, Account& to, int amount) {
    auto both = hk::acquire(from.lock, to.lock);  // in one order for everybody, whichever is named first
    from.balance -= amount;
    to.balance += amount;
}
// [acquire]

void deadlock() {
    // [deadlock]
    hk::Lock a("a");
    std::scoped_lock guard(a);
    try {
        std::scoped_lock again(a);
    } catch (const hk::DeadlockError& error) {
        std::cout << error.what() << '\n';  // who waits where for what, and where it was taken
    }
    // [deadlock]
}

void priority() {
    // [priority]
    hk::PriorityLock device("device");  // shared by threads of different real-time priority
    std::scoped_lock guard(device);     // from now on, as urgent as the most urgent that waits for it
    // [priority]
}

int main() {
    Inbox inbox;
    hk::Thread sender([&] { inbox.put("hello"); });
    if (hk::run(inbox.get()) != "hello") return EXIT_FAILURE;
    sender.join();
    Account mine, yours;
    hk::Thread there([&] { transfer(mine, yours, 5); });
    transfer(yours, mine, 3);
    there.join();
    if (mine.balance != -2 || yours.balance != 2) return EXIT_FAILURE;
    deadlock();
    priority();
}
