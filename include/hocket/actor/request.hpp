// Request: a message that wants an answer.
#pragma once
#include <exception>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "hocket/actor/errors.hpp"
#include "hocket/futures/promise.hpp"

namespace hocket {

template <class Question, class Reply>
class Request;

namespace detail {

/// The answer to come, owned by the Request and the Future.
template <class T>
class AnswerState final : public PromiseState<T> {
private:
    std::string_view producer_name() const noexcept override { return "the answer of an actor"; }
    std::string description() const override { return "the answer of an actor"; }
};

/// The kind of Request by which messages of type M carry a question of type Q; void for none.
template <class M, class Q>
struct RequestFor {
    using Type = void;
};
template <class Q, class R>
struct RequestFor<Request<Q, R>, Q> {
    using Type = Request<Q, R>;
};
template <class Q>
struct RequestFor<std::variant<>, Q> {
    using Type = void;
};
template <class First, class... Rest, class Q>
struct RequestFor<std::variant<First, Rest...>, Q> {
    using Here = typename RequestFor<First, Q>::Type;
    using Type = typename std::conditional_t<std::is_void_v<Here>, RequestFor<std::variant<Rest...>, Q>,
                                             RequestFor<First, Q>>::Type;
};

}  // namespace detail

/// A message with a question, to which its receiver owes an answer; who has asked holds the Future of it. Put it into
/// the message type, `std::variant<Add, Request<Get, int>>`; then `actor.ask(Get{...})` gives a Future<int>.
///
/// Answer by one of reply(), fail() and answer(), now or later, from any thread. One that is destroyed unanswered, with
/// an actor that ended or because it was forgotten, gives the asker ActorExit. Move-only.
template <class Question, class Reply>
class Request {
public:
    using Answer = Reply;

    explicit Request(Question question) : question_(std::move(question)), state_(new detail::AnswerState<Reply>) {}
    Request(Request&&) = default;
    Request& operator=(Request&& other) noexcept {
        Request taken(std::move(other));
        std::swap(question_, taken.question_);
        std::swap(state_, taken.state_);
        return *this;
    }
    ~Request() {
        if (state_ && state_->shared() && !state_->done()) drop();
    }

    Question& operator*() noexcept { return question_; }
    Question* operator->() noexcept { return &question_; }

    /// Gives the answer; false if nobody wants it any more, because the Future was cancelled. Throws InvalidStateError
    /// if it was given before.
    template <class... Value>
    bool reply(Value&&... value) {
        const auto state = take();
        return state->complete(false,
                               [&](Outcome<Reply>& outcome) { outcome.set_value(std::forward<Value>(value)...); });
    }
    /// The answer is an error, which the asker's Future throws.
    bool fail(std::exception_ptr error) {
        const auto state = take();
        return state->complete(false, [&](Outcome<Reply>& outcome) { outcome.set_error(std::move(error)); });
    }
    /// Answers with what `function(question)` returns or throws.
    template <class F>
    bool answer(F&& function) {
        const auto state = take();
        return state->complete(false, [&](Outcome<Reply>& outcome) {
            if constexpr (std::is_void_v<Reply>) {
                std::forward<F>(function)(question_);
                outcome.set_value();
            } else {
                outcome.set_value(std::forward<F>(function)(question_));
            }
        });
    }
    /// Whether nobody waits for the answer any more, so that the work for it may be spared.
    bool abandoned() const noexcept { return !state_ || state_->done() || !state_->shared(); }

    Future<Reply> future() const {
        check();
        auto state = state_;
        return Future<Reply>(detail::StateRef<detail::SharedState<Reply>>(state.release()));
    }

private:
    using State = detail::StateRef<detail::AnswerState<Reply>>;
    void check() const {
        if (!state_) throw InvalidStateError("hocket: this Request was answered already, or moved from");
    }
    State take() {
        check();
        return std::move(state_);
    }
    void drop() noexcept {
        std::exception_ptr error;
        try {
            error = std::make_exception_ptr(ActorExit(0,
                                                      "hocket: the actor that was asked ended, or forgot the Request, "
                                                      "before it gave an answer"));
        } catch (...) {
            error = std::current_exception();
        }
        (void)state_->complete(false, [&](Outcome<Reply>& outcome) { outcome.set_error(std::move(error)); });
    }

    Question question_;
    State state_;
};

}  // namespace hocket
