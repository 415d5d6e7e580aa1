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
/// exception that a call throws ends it, after the calls that have begun, and is thrown. Cancellation: ends likewise.
template <std::ranges::random_access_range Range, class Body>
void parallel_for(Executor& executor, Range&& range, Body body, std::size_t chunk = 0,
                  std::source_location where = std::source_location::current()) {
    using Difference = std::ranges::range_difference_t<Range>;
    const auto first = std::ranges::begin(range);
    const auto size = static_cast<std::size_t>(std::ranges::distance(range));
    detail::ChunkRun run(executor, size, chunk);
    run.run(
        [&](std::size_t, std::size_t begin, std::size_t end) {
            auto element = first + static_cast<Difference>(begin);
            for (std::size_t left = end - begin; left > 0; --left, ++element) body(*element);
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
        [&](std::size_t index, std::size_t begin, std::size_t end) {
            auto element = first + static_cast<Difference>(begin);
            Result result = map(*element);
            for (std::size_t left = end - begin - 1; left > 0; --left)
                result = reduce(std::move(result), map(*++element));
            partial[index].emplace(std::move(result));
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
/// all have ended; those that have not begun then are not called.
template <class F, class... Others>
void parallel_invoke(ThreadPool& pool, F&& function, Others&&... others) {
    detail::Worker* worker = detail::Worker::current();
    if constexpr (sizeof...(others) == 0) {
        function();
    } else if (!worker || &worker->pool() != &pool.core()) {
        pool.submit([&] { parallel_invoke(pool, function, others...); }).result();
    } else {
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
