// with: an asynchronous context, entered and left on every path.
#pragma once
#include <concepts>
#include <exception>
#include <functional>
#include <utility>

#include "hocket/aio/cancel_scope.hpp"
#include "hocket/aio/detail/awaitable.hpp"

namespace hocket {
namespace detail {

template <class Context>
concept LeftKnowingly = requires(Context& context, std::exception_ptr error) {
    context.async_exit(error);
};

}  // namespace detail

/// Something to be entered and left with `co_await`, like a connection: async_enter() and async_exit() return
/// awaitables. async_exit() may take the std::exception_ptr by which the body was left, null if it ended well.
template <class Context>
concept AsyncContext = requires(Context& context) {
    context.async_enter();
}
&&(detail::LeftKnowingly<Context> || requires(Context & context) { context.async_exit(); });

/// Enters `context`, awaits `body(context)`, and leaves the context on every way out: its end, an exception,
/// cancellation. Gives the body's result. async_exit() runs shielded from cancellation; if it throws, that exception
/// takes the place of the body's. If async_enter() throws, nothing is left. `std::ref(context)` for one that lives
/// elsewhere.
template <class Context, std::invocable<std::unwrap_reference_t<Context>&> Body>
requires AsyncContext<std::unwrap_reference_t<Context>> Task < detail::AwaitResult < std::invoke_result_t < Body &,
    std::unwrap_reference_t<Context>
& >>> with(Context context, Body body) {
    std::unwrap_reference_t<Context>& entered = context;
    co_await entered.async_enter();
    using Result = detail::AwaitResult<std::invoke_result_t<Body&, std::unwrap_reference_t<Context>&>>;
    Outcome<Result> outcome;
    try {
        if constexpr (std::is_void_v<Result>) {
            co_await body(entered);
            outcome.set_value();
        } else {
            outcome.set_value(co_await body(entered));
        }
    } catch (...) {
        outcome.set_error(std::current_exception());
    }
    {
        CancelScope scope(shielded);
        if constexpr (detail::LeftKnowingly<std::unwrap_reference_t<Context>>) {
            co_await entered.async_exit(outcome.error());
        } else {
            co_await entered.async_exit();
        }
    }
    co_return std::move(outcome).value();
}

}  // namespace hocket
