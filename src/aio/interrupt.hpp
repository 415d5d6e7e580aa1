// Ctrl-C while an event loop runs in the main thread.
#pragma once
#include <signal.h>

#include <atomic>
#include <memory>

#include "hocket/aio/event_loop.hpp"

namespace hocket::detail {

/// While it lives, the first SIGINT cancels the task behind `awaited`; the second one has its default effect. Only in
/// the main thread, and only where the program has left SIGINT alone; otherwise it does nothing.
class InterruptScope {
public:
    InterruptScope(EventLoop& loop, Interrupts interrupts, SharedStateBase& awaited);
    InterruptScope(const InterruptScope&) = delete;
    InterruptScope& operator=(const InterruptScope&) = delete;
    ~InterruptScope();
    /// At the end of the wait: throws KeyboardInterrupt if the task was cancelled by Ctrl-C.
    void check() const;

private:
    class Message;
    static void handle(int signal) noexcept;
    void interrupt() noexcept;

    // The message to the loop that a signal handler may send: the handler's, then the loop's.
    static std::atomic<Message*> unsent_;
    SharedStateBase& awaited_;
    Message* message_ = nullptr;  // null: not installed
    bool interrupted_ = false;
    struct sigaction before_ {};
};

}  // namespace hocket::detail
