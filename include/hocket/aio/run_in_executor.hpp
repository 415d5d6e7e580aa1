// Blocking and computing work, called from coroutines.
#pragma once
#include <type_traits>
#include <utility>

#include "hocket/futures/executor.hpp"

namespace hocket {

/// `co_await run_in_executor(executor, function, arguments...)` has `function(arguments...)` called by the executor,
/// while the loop goes on with other tasks, and gives its result. The job is submitted by this call. Cancellation: the
/// job is cancelled, see Executor::submit(), and its end awaited.
template <class F, class... Arguments>
[[nodiscard("the result is to be awaited: write co_await")]] Future<detail::CallResult<F, Arguments...>>
run_in_executor(Executor& executor, F&& function, Arguments&&... arguments) {
    return executor.submit(std::forward<F>(function), std::forward<Arguments>(arguments)...);
}

}  // namespace hocket
