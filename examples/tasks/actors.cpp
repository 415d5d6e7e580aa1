// Actors: tasks with a letter box. One counts down by sending to itself, ten thousand deep without any depth; and an
// event of one's own that a coroutine can await.
#include <hocket/aio.hpp>
#include <hocket/net.hpp>
#include <hocket/queue.hpp>

#include <sys/eventfd.h>
#include <unistd.h>

#include <iostream>
#include <system_error>

namespace hk = hocket;

using LetterBox = hk::Queue<int>;

hk::Task<void> printer(LetterBox& letters) {
    try {
        for (;;) {
            const int number = co_await letters.async_get();
            std::cout << "Got: " << number << '\n';
        }
    } catch (const hk::QueueShutDown&) {
        // everything has been read, nothing more will come
    }
}

hk::Task<void> counter(LetterBox& letters, LetterBox& to) {
    for (;;) {
        const int number = co_await letters.async_get();
        if (number == 0) break;
        co_await to.async_put(number);
        co_await letters.async_put(number - 1);  // to itself: a letter, no call
    }
    letters.shutdown();
    to.shutdown();
}

hk::Task<void> count_down(int from) {
    LetterBox to_printer, to_counter;
    auto actors = [&](hk::TaskGroup& group) -> hk::Task<void> {
        group.create_task(printer(to_printer), "printer");
        group.create_task(counter(to_counter, to_printer), "counter");
        co_await to_counter.async_put(from);
    };
    co_await hk::task_group(actors);
    try {
        to_counter.put(1);
    } catch (const hk::QueueShutDown&) {
        std::cout << "the counter has gone: a letter to it is an error\n";
    }
}

// An event of one's own: `co_await doorbell` waits until somebody has rung. What it waits on is one of the library's
// awaitables, here a descriptor.
class Doorbell {
public:
    Doorbell() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)), watch_(fd_) {}
    Doorbell(const Doorbell&) = delete;
    Doorbell& operator=(const Doorbell&) = delete;
    ~Doorbell() { ::close(fd_); }
    void ring() const { ::eventfd_write(fd_, 1); }  // any thread, any process that has it
    auto operator co_await() const noexcept { return watch_.async_wait_readable().operator co_await(); }

private:
    int fd_;
    hk::Watch watch_;
};

hk::Task<void> answer_the_door(const Doorbell& doorbell) {
    co_await doorbell;
    std::cout << "somebody is at the door\n";
}

hk::Task<void> ring_and_wait() {
    const Doorbell doorbell;
    hk::Future<void> answering = hk::create_task(answer_the_door(doorbell));
    hk::Thread visitor([&] { doorbell.ring(); });
    co_await answering;
    visitor.join();
}

hk::Task<void> all() {
    co_await count_down(10'000);
    co_await ring_and_wait();
}

int main() { hk::run(all()); }
