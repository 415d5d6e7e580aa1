// Plain functions in an event loop's queues.
#pragma once
#include <exception>
#include <utility>

#include "hocket/core/detail/frame_allocator.hpp"
#include "hocket/core/detail/scheduler.hpp"
#include "hocket/core/report.hpp"

namespace hocket {
namespace detail {

/// Reports the exception that is being handled.
void report_callback_exception() noexcept;

/// A queued call; destroys itself when it has run.
template <class F>
class Callback final : public RunNode {
    static_assert(alignof(F) <= 16, "a callback may own nothing that is aligned to more than 16 bytes");

public:
    explicit Callback(F function) : function_(std::move(function)) {}
    void run() noexcept override {
        try {
            function_();
        } catch (...) {
            report_callback_exception();
        }
        delete this;
    }
    void drop() noexcept override { delete this; }

    static void* operator new(std::size_t size) { return FrameHeap::allocate(size); }
    static void operator delete(void* memory, std::size_t size) noexcept { FrameHeap::deallocate(memory, size); }

private:
    F function_;
};

/// A call at a time. Counted, on one thread: the heap or queue that it is in holds one reference, each handle one.
class TimedCall : public Timer, public RunNode {
public:
    explicit TimedCall(Scheduler& home) noexcept : home_(home) {}
    void add_reference() noexcept { ++references_; }
    void drop_reference() noexcept {
        if (--references_ == 0) delete this;
    }
    void cancel() noexcept {
        cancelled_ = true;
        if (!armed()) return;
        home_.timers().cancel(*this);
        drop_reference();
    }
    bool cancelled() const noexcept { return cancelled_; }
    void expired() noexcept override { home_.post(*this); }
    void dropped() noexcept override { drop_reference(); }
    void drop() noexcept override { drop_reference(); }
    void run() noexcept override {
        if (!cancelled_) call();
        drop_reference();
    }

protected:
    virtual ~TimedCall() = default;
    virtual void call() noexcept = 0;

private:
    Scheduler& home_;
    int references_ = 1;
    bool cancelled_ = false;
};

template <class F>
class TimedCallOf final : public TimedCall {
public:
    TimedCallOf(Scheduler& home, F function) : TimedCall(home), function_(std::move(function)) {}

private:
    void call() noexcept override {
        try {
            function_();
        } catch (...) {
            report_callback_exception();
        }
    }
    F function_;
};

}  // namespace detail

/// A call that call_later() or call_at() has planned. Belongs to its loop's thread.
class TimerHandle {
public:
    TimerHandle(TimerHandle&& other) noexcept : call_(std::exchange(other.call_, nullptr)) {}
    TimerHandle& operator=(TimerHandle&& other) noexcept {
        std::swap(call_, other.call_);
        return *this;
    }
    ~TimerHandle() {
        if (call_) call_->drop_reference();
    }
    /// Makes sure that the function is not called, unless it was called already.
    void cancel() noexcept {
        if (call_) call_->cancel();
    }
    bool cancelled() const noexcept { return call_ && call_->cancelled(); }

    /// For the library: plans `function` on `home`.
    template <class F>
    static TimerHandle arm(detail::Scheduler& home, TimePoint when, F function) {
        TimerHandle handle(new detail::TimedCallOf<F>(home, std::move(function)));
        home.timers().arm(*handle.call_, when);
        handle.call_->add_reference();
        return handle;
    }

private:
    explicit TimerHandle(detail::TimedCall* call) noexcept : call_(call) {}
    detail::TimedCall* call_;
};

}  // namespace hocket
