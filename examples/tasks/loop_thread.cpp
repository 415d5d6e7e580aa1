// A loop on a thread of its own, for a program whose main thread belongs to something else, such as a window.
#include <hocket/aio.hpp>
#include <hocket/sync.hpp>
#include <hocket/threading.hpp>

#include <chrono>
#include <iostream>
#include <string>

namespace hk = hocket;
using namespace std::chrono_literals;

hk::Task<std::string> ask(std::string question, hk::Event& known) {
    co_await known.async_wait();
    co_return "answer to " + question;
}

hk::Task<void> work_for_ever(hk::Event& cleaned_up) {
    auto clean_up = [&]() -> hk::Task<void> {
        cleaned_up.set();
        co_return;
    };
    co_await hk::finally(hk::sleep(24h), clean_up);
}

int main() {
    hk::LoopThread background("background");

    // A callback in the loop's thread, which sleeps until then.
    hk::Event called;
    std::string thread;
    background.loop().call_soon_threadsafe([&] {
        thread = hk::this_thread::name();
        called.set();
    });
    called.wait();
    std::cout << "the callback has run in the thread " << thread << '\n';

    // A coroutine there, its result here.
    hk::Event known;
    hk::Future<std::string> answer = background.submit(ask("everything", known));
    std::cout << (answer.done() ? "already\n" : "at once, without the result\n");
    known.set();
    std::cout << answer.result() << '\n';

    // Cancelling the future reaches the coroutine.
    hk::Event cleaned_up;
    hk::Future<void> for_ever = background.submit(work_for_ever(cleaned_up));
    for_ever.cancel();
    try {
        for_ever.result();
    } catch (const hk::CancelledError&) {
        std::cout << "cancelled\n";
    }

    // What still runs when the window closes is cancelled and awaited: no thread is left.
    hk::Event cleaned_up_at_the_end;
    (void)background.submit(work_for_ever(cleaned_up_at_the_end));
    hk::Event begun;
    background.loop().call_soon_threadsafe([&] { begun.set(); });
    begun.wait();
    background.stop();
    std::cout << (cleaned_up_at_the_end.is_set() ? "cleaned up" : "left as it was") << '\n';
}
