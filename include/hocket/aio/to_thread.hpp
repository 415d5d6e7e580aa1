// Blocking functions, called from coroutines in a thread of the loop's own pool.
#pragma once
#include <type_traits>
#include <utility>

#include "hocket/aio/event_loop.hpp"
#include "hocket/aio/run_in_executor.hpp"

namespace hocket {

/// `co_await to_thread(function, arguments...)` has `function(arguments...)` called by the loop's default executor, see
/// EventLoop::default_executor(), while the loop goes on; otherwise as run_in_executor().
template <class F, class... Arguments>
requires std::is_invocable_v<F, Arguments...> Task<std::invoke_result_t<F, Arguments...>> to_thread(
    F function, Arguments... arguments) {
    Executor& executor = EventLoop::current().default_executor();
    co_return co_await run_in_executor(executor, std::move(function), std::move(arguments)...);
}

}  // namespace hocket
