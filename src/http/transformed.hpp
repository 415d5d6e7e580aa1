// A generator's values as pieces of a body.
#pragma once
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "hocket/aio/async_generator.hpp"
#include "hocket/aio/cancel_scope.hpp"

namespace hocket::http::detail {

/// Gives `change(value)` for each value of `from`, then `change(std::nullopt)`. Closes `from` whichever way it is left,
/// so that its clean-up may wait.
template <class T, class Change>
AsyncGenerator<std::string> transformed(AsyncGenerator<T> from, Change change) {
    std::exception_ptr error;
    try {
        for (bool more = true; more;) {
            std::optional<T> value = co_await from.next();
            more = value.has_value();
            std::string piece = change(std::move(value));
            co_yield std::move(piece);
        }
    } catch (...) {
        error = std::current_exception();
    }
    {
        CancelScope scope(shielded);
        co_await from.async_close();
    }
    if (error) std::rethrow_exception(error);
}

}  // namespace hocket::http::detail
