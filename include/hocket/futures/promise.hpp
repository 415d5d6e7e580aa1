// A Future that the program completes itself.
#pragma once
#include <utility>

#include "hocket/futures/future.hpp"

namespace hocket {
namespace detail {

template <class T>
class PromiseState : public SharedState<T> {
public:
    template <class Complete>
    bool complete(bool cancelled, Complete&& complete) {
        if (!this->begin_completion()) return false;
        try {
            complete(this->outcome_);
        } catch (...) {
            this->outcome_.set_error(std::current_exception());  // copying the value failed
        }
        this->finish_completion(cancelled);
        return true;
    }
    bool request_cancel(std::string_view reason) override {
        return complete(true, [&](Outcome<T>& outcome) {
            outcome.set_error(std::make_exception_ptr(detail::cancelled_error(reason)));
        });
    }

protected:
    void destroy() noexcept override {
        const std::exception_ptr error = this->outcome_.error();
        if (this->is_lost(error)) this->report_lost(error, producer_name());
        delete this;
    }
    /// For reports.
    virtual std::string_view producer_name() const noexcept { return "a Promise"; }
};

}  // namespace detail

/// The giving end of a Future. Move-only; thread-safe in that its calls may race with the future's cancel(), and that
/// it may be destroyed as soon as the result is seen, by whichever thread. One that was moved from throws
/// InvalidStateError.
template <class T>
class Promise {
public:
    Promise() : state_(new detail::PromiseState<T>) {}
    Promise(Promise&&) noexcept = default;
    Promise& operator=(Promise&& other) noexcept {
        Promise taken(std::move(other));
        std::swap(state_, taken.state_);
        return *this;
    }
    /// A promise that is dropped or replaced without a result completes its future with InvalidStateError ("broken
    /// promise").
    ~Promise() {
        if (!state_ || !state_->shared() || state_->done()) return;  // nobody waits, or ever can
        (void)try_set_exception(std::make_exception_ptr(
            InvalidStateError("hocket: broken promise: its Promise was destroyed without a result")));
    }

    Future<T> future() const { return Future<T>(detail::StateRef<detail::SharedState<T>>(share())); }

    /// Throws InvalidStateError if the future is done (also by cancellation).
    template <class... Value>
    void set_result(Value&&... value) {
        if (!try_set_result(std::forward<Value>(value)...))
            throw InvalidStateError("hocket: the result of this Promise was already set");
    }
    /// Throws InvalidStateError if the future is done.
    void set_exception(std::exception_ptr error) {
        if (!try_set_exception(std::move(error)))
            throw InvalidStateError("hocket: the result of this Promise was already set");
    }
    /// Returns false if the future is done: for producers that race with a cancel().
    template <class... Value>
    [[nodiscard]] bool try_set_result(Value&&... value) {
        return complete([&](Outcome<T>& outcome) { outcome.set_value(std::forward<Value>(value)...); });
    }
    [[nodiscard]] bool try_set_exception(std::exception_ptr error) {
        return complete([&](Outcome<T>& outcome) { outcome.set_error(std::move(error)); });
    }

private:
    // Holds the state meanwhile: whoever sees the result may destroy this Promise before the call has returned.
    template <class Complete>
    bool complete(Complete&& complete) {
        checked();
        const detail::StateRef<detail::PromiseState<T>> held = state_;
        return held->complete(false, std::forward<Complete>(complete));
    }
    detail::PromiseState<T>& checked() const {
        if (!state_) throw InvalidStateError("hocket: this Promise was moved from");
        return *state_;
    }
    detail::SharedState<T>* share() const {
        checked().add_reference();
        return &*state_;
    }
    detail::StateRef<detail::PromiseState<T>> state_;
};

}  // namespace hocket
