// What every coroutine of the library shares: its place in the chain of awaits, its task, where it waits.
#pragma once
#include <coroutine>
#include <cstddef>
#include <source_location>

#include "hocket/core/detail/frame_allocator.hpp"

// g++ turns a symmetric transfer into a call that grows the stack where it doesn't optimise sibling calls: unoptimised
// and sanitizer builds. There the next coroutine is left in `transfer_target` for the scheduler's loop to resume. Both
// kinds of object file may be linked together. (At -O1 and -Og the build target adds -foptimize-sibling-calls.)
#if defined(__GNUC__) && !defined(__clang__) && \
    (!defined(__OPTIMIZE__) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__))
#define HOCKET_TRANSFER_BY_LOOP 1
#elif defined(__clang__)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HOCKET_TRANSFER_BY_LOOP 1
#endif
#endif

namespace hocket::detail {

class TaskContext;

/// Base of every promise type of the library. 24 bytes, trivially destructible.
class PromiseBase {
public:
    PromiseBase() noexcept = default;
    PromiseBase(const PromiseBase&) = delete;
    PromiseBase& operator=(const PromiseBase&) = delete;

    /// The coroutine of this promise. Every promise type starts with this base and is aligned to at most 16 bytes,
    /// which fixes the distance between promise and frame.
    std::coroutine_handle<> handle() noexcept { return std::coroutine_handle<PromiseBase>::from_promise(*this); }

    /// The coroutine that awaits this one; null in the outermost coroutine of a task.
    PromiseBase* awaited_by() const noexcept { return awaited_by_; }
    /// The task in which this coroutine runs; null until it is first awaited or spawned.
    TaskContext* task() const noexcept { return task_; }
    /// The last await that this coroutine reached.
    std::source_location awaiting_at() const noexcept { return awaiting_at_; }

    void start_in(TaskContext& task) noexcept { task_ = &task; }
    void start_awaited_by(PromiseBase& parent) noexcept {
        awaited_by_ = &parent;
        task_ = parent.task_;
    }

    static void* operator new(std::size_t size) { return FrameHeap::allocate(size); }
    static void operator delete(void* frame, std::size_t size) noexcept { FrameHeap::deallocate(frame, size); }

protected:
    ~PromiseBase() = default;
    void awaits_at(std::source_location where) noexcept { awaiting_at_ = where; }

private:
    PromiseBase* awaited_by_ = nullptr;
    TaskContext* task_ = nullptr;
    std::source_location awaiting_at_;
};

/// The coroutine to resume next when this build does not transfer directly; emptied by resume().
inline thread_local constinit std::coroutine_handle<> transfer_target{};

/// What an await_suspend returns in order to go on with `next`.
inline std::coroutine_handle<> transfer_to(std::coroutine_handle<> next) noexcept {
#ifdef HOCKET_TRANSFER_BY_LOOP
    transfer_target = next;
    return std::noop_coroutine();
#else
    return next;
#endif
}

/// Resumes `next` and whatever it transfers to, in constant stack space. Schedulers only.
inline void resume(std::coroutine_handle<> next) {
    next.resume();
    while (transfer_target) [[unlikely]] {
            next = transfer_target;
            transfer_target = {};
            next.resume();
        }
}

}  // namespace hocket::detail
