// Blocking and computing work, called from coroutines.
#pragma once
#include <type_traits>
#include <utility>

#include "hocket/aio/task.hpp"
#include "hocket/futures/executor.hpp"

namespace hocket {

/// `co_await run_in_executor(executor, function, arguments...)` has `function(arguments...)` called by the executor,
/// while the loop goes on with other tasks, and gives its result. If the executor's queue is full, it waits for a
/// place first. The function and the arguments are copied or moved at once. Cancellation: the job is cancelled, see
/// Executor::submit(), and its end awaited.
template <class F, class... Arguments>
Task<std::invoke_result_t<F, Arguments...>> run_in_executor(Executor& executor, F function, Arguments... arguments) {
    auto submission = executor.async_submit(std::move(function), std::move(arguments)...);
    auto job = co_await std::move(submission);
    co_return co_await std::move(job);
}

}  // namespace hocket
