// LoopThread: an event loop on a thread of its own.
#pragma once
#include <memory>
#include <source_location>
#include <string>

#include "hocket/aio/event_loop.hpp"
#include "hocket/aio/run_coroutine_threadsafe.hpp"
#include "hocket/threading/thread.hpp"

namespace hocket {

/// A thread that runs an event loop from construction to stop(): the way to use coroutines from a program that has its
/// own idea of a main thread, such as a window.
///
/// Shutdown: stop(), which the destructor calls, cancels the loop's tasks, waits for their ends, closes the loop and
/// joins the thread. Functions are for one thread at a time; the loop's own threadsafe ones, and
/// run_coroutine_threadsafe(), are for any.
class LoopThread {
public:
    /// `name`: of the thread, empty for a number. Throws std::system_error if the system refuses a thread or the loop's
    /// descriptors.
    explicit LoopThread(std::string name = {}, LoopOptions options = LoopOptions());
    LoopThread(const LoopThread&) = delete;
    LoopThread& operator=(const LoopThread&) = delete;
    ~LoopThread();

    /// Lives as long as the LoopThread; closed after stop().
    EventLoop& loop() noexcept { return *loop_; }
    /// run_coroutine_threadsafe(task, loop())
    template <class T>
    Future<T> submit(Task<T> task, std::string_view name = {},
                     std::source_location where = std::source_location::current()) {
        return run_coroutine_threadsafe(std::move(task), *loop_, name, where);
    }
    /// Cancels the loop's tasks and waits for the end of the thread. Again: nothing. Throws DeadlockError on the loop's
    /// own thread.
    void stop();

private:
    std::unique_ptr<EventLoop> loop_;
    Thread thread_;
};

}  // namespace hocket
