// Two locks taken in opposite orders by two threads: reported to the one that would close the circle, who can then let
// go. And two cures: one order for all, or acquire().
#include <hocket/sync.hpp>
#include <hocket/threading.hpp>

#include <chrono>
#include <iostream>
#include <mutex>
#include <string>

namespace hk = hocket;
using namespace std::chrono_literals;

// An account book with two columns that must always add up to zero, each with a lock of its own.
struct Book {
    hk::Lock num_lock{"num"}, other_lock{"other"};
    int num = 0, other = 0;
};

void opposite_orders() {
    Book book;
    hk::Barrier both_hold_one(2);
    hk::Lock print("print");
    auto take = [&](hk::Lock& first, hk::Lock& second) {
        std::scoped_lock hold(first);
        both_hold_one.wait();
        try {
            std::scoped_lock want(second);
        } catch (const hk::DeadlockError& error) {
            std::scoped_lock guard(print);
            std::cout << error.what() << '\n';
        }  // hold is given back: the other thread goes on
    };
    hk::Thread up({.name = "up"}, take, std::ref(book.num_lock), std::ref(book.other_lock));
    hk::Thread down({.name = "down"}, take, std::ref(book.other_lock), std::ref(book.num_lock));
    up.join();
    down.join();
    std::cout << "both threads have ended\n";
}

// Runs `transfer` in two threads, back and forth.
template <class Transfer>
void back_and_forth(const char* how, Transfer transfer) {
    Book book;
    hk::Thread up([&] {
        for (int i = 0; i < 10'000; ++i) transfer(book, 1);
    });
    hk::Thread down([&] {
        for (int i = 0; i < 10'000; ++i) transfer(book, -1);
    });
    up.join();
    down.join();
    std::cout << how << ": num = " << book.num << ", other = " << book.other << '\n';
}

// A time limit as a means to find out: whoever gives up says who is in the way.
void who_holds_it() {
    hk::Lock lock("printer");
    hk::Event held, done;
    hk::Thread holder({.name = "holder"}, [&] {
        std::scoped_lock guard(lock);
        held.set();
        done.wait();
    });
    held.wait();
    if (!lock.try_lock_for(10ms)) {
        std::cout << "gave up after 10 ms: " << lock.description() << '\n';
        for (const hk::ThreadInfo& thread : hk::threads())
            std::cout << "thread " << thread.id << " is '" << thread.name << "'\n";
    }
    done.set();
    holder.join();
}

int main() {
    opposite_orders();
    back_and_forth("one after the other", [](Book& book, int amount) {
        {
            std::scoped_lock guard(book.num_lock);
            book.num += amount;
        }
        std::scoped_lock guard(book.other_lock);
        book.other -= amount;
    });
    back_and_forth("both, in one order", [](Book& book, int amount) {
        std::scoped_lock num_guard(book.num_lock);
        std::scoped_lock other_guard(book.other_lock);
        book.num += amount;
        book.other -= amount;
    });
    back_and_forth("acquire()", [](Book& book, int amount) {
        auto guard =
            amount > 0 ? hk::acquire(book.num_lock, book.other_lock) : hk::acquire(book.other_lock, book.num_lock);
        book.num += amount;
        book.other -= amount;
    });
    who_holds_it();
}
