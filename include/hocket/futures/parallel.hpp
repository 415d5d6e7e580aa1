// Computations that are divided among an executor's threads and the calling one.
#pragma once
#include <functional>
#include <iterator>
#include <optional>
#include <ranges>
#include <source_location>
#include <utility>
#include <vector>

#include "hocket/futures/detail/chunk_run.hpp"
#include "hocket/futures/detail/fork.hpp"
#include "hocket/futures/executor.hpp"
#include "hocket/futures/thread_pool.hpp"

namespace hocket {

/// Calls `body(element)` for each element of a range with random access, in no particular order, and returns when all
/// calls have. The calling thread takes part; with it, up to executor.concurrency() threads work at it at the same
/// time. They take `chunk` elements at a time (0: an eighth of each thread's share), one after another. The first
/// exception that a call throws ends it, and is thrown. Cancellation: throws CancelledError, after what the calls wait
/// for was cancelled too. Either way it returns when no call runs any more. Between calls that take more than some
/// microseconds each thread looks whether it should end, between shorter ones after up to 2048 of them. Throws
/// DeadlockError on the thread of an event loop, whether or not it would have to wait.
template <std::ranges::random_access_range Range, class Body>
void parallel_for(Executor& executor, Range&& range, Body body, std::size_t chunk = 0,
                  std::source_location where = std::source_location::current()) {
    using Difference = std::ranges::range_difference_t<Range>;
    const auto first = std::ranges::begin(range);
    const auto size = static_cast<std::size_t>(std::ranges::distance(range));
    detail::ChunkRun run(executor, size, chunk);
    run.run(
        [&](detail::ChunkRun::Part& part, std::size_t, std::size_t begin, std::size_t end) {
            part.each(begin, end, [&](std::size_t i) { body(first[static_cast<Difference>(i)]); });
        },
        where);
}

/// reduce(... reduce(map(first), map(second)) ..., map(last)), computed as parallel_for() would; a value-initialised
/// result for an empty range. `reduce` must be associative. Which elements are combined first depends on nothing but
/// the size of the range, `chunk` and executor.concurrency(), so that sums of floating-point numbers are the same each
/// time.
template <std::ranges::random_access_range Range, class Map, class Reduce>
auto map_reduce(Executor& executor, Range&& range, Map map, Reduce reduce, std::size_t chunk = 0,
                std::source_location where = std::source_location::current()) {
    using Difference = std::ranges::range_difference_t<Range>;
    using Result = std::decay_t<std::invoke_result_t<Map&, std::ranges::range_reference_t<Range>>>;
    const auto first = std::ranges::begin(range);
    const auto size = static_cast<std::size_t>(std::ranges::distance(range));
    detail::ChunkRun run(executor, size, chunk);
    std::vector<std::optional<Result>> partial(run.chunks());
    run.run(
        [&](detail::ChunkRun::Part& part, std::size_t index, std::size_t begin, std::size_t end) {
            Result result = map(first[static_cast<Difference>(begin)]);
            const auto add = [&](std::size_t i) {
                result = reduce(std::move(result), map(first[static_cast<Difference>(i)]));
            };
            if (part.each(begin + 1, end, add)) partial[index].emplace(std::move(result));
        },
        where);
    if (partial.empty()) return Result();
    Result result = std::move(*partial[0]);
    for (std::size_t i = 1; i < partial.size(); ++i) result = reduce(std::move(result), std::move(*partial[i]));
    return result;
}

/// Calls the functions, at the same time as far as there are threads, and returns when all of them have. For divide and
/// conquer: in a job of the pool a call costs little more than the functions do, if no other thread takes one over. On
/// a thread outside of the pool it is made a job. The first exception, in the order of the functions, is thrown after
/// all have ended; those that have not begun then are not called. Throws DeadlockError on the thread of an event loop.
template <class F, class... Others>
void parallel_invoke(ThreadPool& pool, F&& function, Others&&... others) {
    detail::Worker* worker = detail::Worker::current();
    if constexpr (sizeof...(others) == 0) {
        function();
    } else if (!worker || &worker->pool() != &pool.core()) {
        detail::refuse_on_loop("parallel_invoke()", "let run_in_executor() call it");
        const auto job = pool.submit([&] {
            const detail::Worker* runner = detail::Worker::current();
            if (runner && &runner->pool() == &pool.core()) return parallel_invoke(pool, function, others...);
            // The calling thread has taken its job back (ThreadPoolOptions::waiters_help), and has no queue of its own.
            function();
            (others(), ...);
        });
        job.checked()->block_until_left(std::source_location::current());
        job.result();
    } else {
        detail::refuse_on_loop("parallel_invoke()", "let run_in_executor() call it");
        auto rest = [&] { parallel_invoke(pool, others...); };
        detail::ForkOf fork(rest);
        worker->push_fork(fork);
        try {
            function();
        } catch (...) {
            if (!worker->take_back_fork(fork)) fork.join_quietly(*worker);
            throw;
        }
        if (worker->take_back_fork(fork)) {
            rest();
        } else {
            fork.join(*worker, std::source_location::current());
        }
    }
}

}  // namespace hocket
