#include "aio/interrupt.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <exception>
#include <mutex>

namespace hocket::detail {
namespace {

// How many handlers are at work, possibly in other threads.
std::atomic<int> handlers{0};

std::terminate_handler terminate_before = nullptr;

// Ends a program that has caught no KeyboardInterrupt as SIGINT would have ended it.
[[noreturn]] void terminate_by_interrupt() {
    try {
        if (const std::exception_ptr error = std::current_exception()) std::rethrow_exception(error);
    } catch (const KeyboardInterrupt&) {
        ::signal(SIGINT, SIG_DFL);
        ::raise(SIGINT);
    } catch (...) {
    }
    if (terminate_before) terminate_before();
    std::abort();
}

void end_quietly_if_uncaught() noexcept {
    static std::once_flag once;
    std::call_once(once, [] { terminate_before = std::set_terminate(terminate_by_interrupt); });
}

}  // namespace

// Made beforehand, since a signal handler can't. Once sent, the loop's queue owns it.
class InterruptScope::Message final : public RunNode {
public:
    Message(Scheduler& loop, InterruptScope& scope) noexcept : loop_(loop), scope_(&scope) {}
    ~Message() = default;
    void send() noexcept { loop_.post_from_signal(*this); }
    void scope_ended() noexcept { scope_ = nullptr; }

private:
    void run() noexcept override {
        if (scope_) scope_->interrupt();
        delete this;
    }
    void drop() noexcept override { delete this; }
    Scheduler& loop_;
    InterruptScope* scope_;
};

constinit std::atomic<InterruptScope::Message*> InterruptScope::unsent_{nullptr};

InterruptScope::InterruptScope(EventLoop& loop, Interrupts interrupts, SharedStateBase& awaited) : awaited_(awaited) {
    if (interrupts != Interrupts::cancel || ::syscall(SYS_gettid) != ::getpid()) return;
    if (::sigaction(SIGINT, nullptr, &before_) != 0 || before_.sa_handler != SIG_DFL) return;
    message_ = new Message(loop, *this);
    unsent_.store(message_, std::memory_order_seq_cst);
    struct sigaction action {};
    action.sa_handler = handle;
    action.sa_flags = SA_RESETHAND | SA_RESTART;  // the next one ends the program
    ::sigemptyset(&action.sa_mask);
    ::sigaction(SIGINT, &action, nullptr);
}

InterruptScope::~InterruptScope() {
    if (!message_) return;
    ::sigaction(SIGINT, &before_, nullptr);
    if (Message* unsent = unsent_.exchange(nullptr, std::memory_order_seq_cst)) {
        delete unsent;
    } else if (!interrupted_) {
        // The handler has it, perhaps in another thread, or the loop's queue.
        while (handlers.load(std::memory_order_seq_cst) != 0) ::sched_yield();
        message_->scope_ended();
    }
}

void InterruptScope::handle(int) noexcept {
    const int error = errno;
    handlers.fetch_add(1, std::memory_order_seq_cst);
    if (Message* message = unsent_.exchange(nullptr, std::memory_order_seq_cst)) message->send();
    handlers.fetch_sub(1, std::memory_order_seq_cst);
    errno = error;
}

void InterruptScope::interrupt() noexcept {
    interrupted_ = true;
    try {
        (void)awaited_.request_cancel("interrupted by Ctrl-C");
    } catch (const std::exception&) {  // no memory: then as without us
        ::raise(SIGINT);
    }
}

void InterruptScope::check() const {
    if (!interrupted_ || !awaited_.cancelled()) return;
    end_quietly_if_uncaught();
    awaited_.mark_retrieved();
    throw KeyboardInterrupt();
}

}  // namespace hocket::detail
