// Blocking and computing work, called from coroutines.
#pragma once
#include <concepts>
#include <type_traits>
#include <utility>

#include "hocket/aio/task.hpp"
#include "hocket/core/detail/queue_awaiter.hpp"
#include "hocket/futures/executor.hpp"

namespace hocket {

/// `co_await run_in_executor(executor, function, arguments...)` has `function(arguments...)` called by the executor,
/// while the loop goes on with other tasks, and gives its result. If the executor's queue is full, it waits for a
/// place first. The function and the arguments are copied or moved at once. Cancellation: the job is cancelled, see
/// Executor::submit(), and its end awaited; a task that was cancelled before submits none.
template <class F, class... Arguments>
Task<std::invoke_result_t<F, Arguments...>> run_in_executor(Executor& executor, F function, Arguments... arguments) {
    detail::refuse_if_cancelled();
    auto submission = executor.async_submit(std::move(function), std::move(arguments)...);
    auto job = co_await std::move(submission);
    co_return co_await std::move(job);
}
/// The same for a ProcessPool: `function` and `arguments` are what can be sent to another process.
template <AnyExecutor E, class F, class... Arguments>
requires(!std::derived_from<E, Executor>) auto run_in_executor(E& executor, F function, Arguments... arguments)
    -> Task<typename decltype(executor.submit(std::move(function), std::move(arguments)...))::Result> {
    detail::refuse_if_cancelled();
    auto submission = executor.async_submit(std::move(function), std::move(arguments)...);
    auto job = co_await std::move(submission);
    co_return co_await std::move(job);
}

}  // namespace hocket
