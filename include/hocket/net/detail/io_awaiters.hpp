// Awaiters of single socket operations.
#pragma once
#include <coroutine>

#include "hocket/aio/detail/io_backend.hpp"
#include "hocket/aio/event_loop.hpp"

namespace hocket::detail {

[[noreturn]] void throw_not_open();

/// What an open socket works on; throws std::system_error (EBADF) for one that is closed, moved from, or never was.
inline Descriptor& require_open(Descriptor* descriptor) {
    if (!descriptor) [[unlikely]]
        throw_not_open();
    return *descriptor;
}

/// Awaits one IoOperation: tries it at once if its chances are good and the task's budget lasts, otherwise waits for
/// it.
class [[nodiscard]] IoAwaiter : public IoOperation {
public:
    using IoOperation::IoOperation;
    bool await_ready() noexcept {
        EventLoop& loop = static_cast<EventLoop&>(*Scheduler::current());
        return loop.spend_budget() && try_now(loop.backend());
    }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> caller) noexcept {
        return start(static_cast<EventLoop&>(*Scheduler::current()).backend(), caller.promise());
    }

protected:
    ~IoAwaiter() = default;
};

/// An operation that gives a number of bytes.
class [[nodiscard]] TransferAwaiter final : public IoAwaiter {
public:
    using IoAwaiter::IoAwaiter;
    bool await_ready() noexcept { return transfers_nothing() || IoAwaiter::await_ready(); }
    std::size_t await_resume() const {
        if (result() < 0) throw_failure(verb() == IoVerb::read ? "receive" : "send");
        return static_cast<std::size_t>(result());
    }
};

/// What a socket's transfers return: `co_await` it. The buffer must stay alive until the await has ended.
class [[nodiscard("an operation does nothing until it is awaited: write co_await")]] IoTransfer {
public:
    IoTransfer(Descriptor & descriptor, IoVerb verb, void* data, std::size_t size, int flags) noexcept
        : descriptor_(descriptor), verb_(verb), flags_(flags), data_(data), size_(size) {}
    TransferAwaiter operator co_await() const noexcept {
        return TransferAwaiter(descriptor_, verb_, data_, size_, flags_);
    }

private:
    Descriptor& descriptor_;
    IoVerb verb_;
    int flags_;
    void* data_;
    std::size_t size_;
};

/// An operation that gives nothing but its success.
class [[nodiscard]] ReadinessAwaiter final : public IoAwaiter {
public:
    using IoAwaiter::IoAwaiter;
    void await_resume() const {
        if (result() < 0) throw_failure("wait for a descriptor");
    }
};

/// What waits for readiness return: `co_await` it.
class [[nodiscard("a wait does nothing until it is awaited: write co_await")]] Readiness {
public:
    Readiness(Descriptor & descriptor, IoVerb verb) noexcept : descriptor_(descriptor), verb_(verb) {}
    ReadinessAwaiter operator co_await() const noexcept { return ReadinessAwaiter(descriptor_, verb_, nullptr, 0, 0); }

private:
    Descriptor& descriptor_;
    IoVerb verb_;
};

}  // namespace hocket::detail
