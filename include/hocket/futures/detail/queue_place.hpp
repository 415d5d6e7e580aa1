// A place in the bounded queue of an executor.
#pragma once
#include <coroutine>
#include <memory>
#include <optional>
#include <utility>

#include "hocket/core/detail/queue_awaiter.hpp"
#include "hocket/sync/semaphore.hpp"

namespace hocket::detail {

/// Held until a job has it.
class QueuePlace {
public:
    /// `room`: the places that are left; null: the queue is not bounded.
    explicit QueuePlace(const std::shared_ptr<Semaphore>* room) noexcept : room_(room) {}
    QueuePlace(const QueuePlace&) = delete;
    QueuePlace& operator=(const QueuePlace&) = delete;
    ~QueuePlace() {
        if (acquired_) [[unlikely]]
            (*room_)->release();
    }
    void acquire() {
        if (!room_) [[likely]]
            return;
        (*room_)->acquire();
        acquired_ = true;
    }
    bool try_acquire() { return !room_ || (acquired_ = (*room_)->try_acquire()); }
    void was_acquired() noexcept { acquired_ = room_ != nullptr; }
    /// `job` gives it back when it leaves the queue.
    template <class J>
    void give_to(J& job) noexcept {
        if (std::exchange(acquired_, false)) [[unlikely]]
            job.set_room(*room_);
    }

private:
    const std::shared_ptr<Semaphore>* room_;
    bool acquired_ = false;
};

/// Waits for a place in the queue of an executor and submits a call.
template <class E, class C>
class [[nodiscard]] SubmitAwaiter final {
public:
    SubmitAwaiter(E& executor, C call) : executor_(executor), room_(executor.room()), call_(std::move(call)) {
        if (room_) place_.emplace(**room_);
    }
    SubmitAwaiter(const SubmitAwaiter&) = delete;
    SubmitAwaiter& operator=(const SubmitAwaiter&) = delete;
    bool await_ready() { return !place_ || place_->await_ready(); }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> caller) {
        return place_->await_suspend(caller);
    }
    auto await_resume() {
        if (place_) {
            place_->await_resume();
        } else {
            refuse_if_cancelled();
        }
        QueuePlace place(room_);
        place.was_acquired();
        return executor_.submit_call(std::move(call_), place);
    }

private:
    E& executor_;
    const std::shared_ptr<Semaphore>* room_;
    C call_;
    std::optional<Semaphore::Awaiter> place_;
};

/// What the async_submit() of an executor returns: `co_await` it.
template <class E, class C>
class [[nodiscard("nothing is submitted until it is awaited: write co_await")]] AsyncSubmit {
public:
    AsyncSubmit(E & executor, C call) : executor_(executor), call_(std::move(call)) {}
    SubmitAwaiter<E, C> operator co_await()&& { return SubmitAwaiter<E, C>(executor_, std::move(call_)); }

private:
    E& executor_;
    C call_;
};

}  // namespace hocket::detail
