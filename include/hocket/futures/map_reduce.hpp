// map_reduce() with a tree of reductions and news of its progress, over any executor: threads or processes.
#pragma once
#include <algorithm>
#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <ranges>
#include <source_location>
#include <utility>
#include <vector>

#include "hocket/futures/detail/reduce_tree.hpp"
#include "hocket/futures/parallel.hpp"
#include "hocket/queue/queue.hpp"

namespace hocket {

/// How far a map_reduce() has come.
struct MapReduceProgress {
    std::size_t mapped = 0;      ///< chunks whose elements have been mapped, and combined among themselves
    std::size_t chunks = 0;      ///< of so many
    std::size_t reduced = 0;     ///< combinations of two partial results that have been made
    std::size_t reductions = 0;  ///< of so many
};

/// How a map_reduce() is to be done.
struct MapReduceOptions {
    /// Elements in a chunk, which is one job; 0: an eighth of each worker's share.
    std::size_t chunk_size = 0;
    /// Called after each step, by one thread at a time; if it throws, so does map_reduce().
    std::function<void(const MapReduceProgress&)> progress = {};
};

namespace detail {

// What a worker process does; a plain function, so that it can be named there.
template <class Map, class Reduce, class Element, class Result>
Result map_chunk(const Map& map, const Reduce& reduce, std::vector<Element> elements) {
    Result result = std::invoke(map, std::move(elements.front()));
    for (std::size_t i = 1; i < elements.size(); ++i)
        result = std::invoke(reduce, std::move(result), Result(std::invoke(map, std::move(elements[i]))));
    return result;
}
template <class Reduce, class Result>
Result reduce_two(const Reduce& reduce, Result first, Result second) {
    return std::invoke(reduce, std::move(first), std::move(second));
}

}  // namespace detail

/// reduce(... reduce(map(first), map(second)) ..., map(last)), computed by the jobs of `executor`, a ProcessPool: each
/// chunk is one, and so is each combination of two neighbouring partial results, which is submitted as soon as both are
/// there. A value-initialised result for an empty range. `reduce` must be associative, but need not be commutative.
/// Which elements are combined first depends on nothing but how many there are and the size of the chunks, so that sums
/// of floating-point numbers are the same each time; unless it is given, that size depends on executor.concurrency().
///
/// `map` and `reduce` must be able to travel, as the jobs of a ProcessPool must. So do the elements, each with the job
/// of its chunk, and the partial results, to this process and out again. No more than three jobs for each worker are
/// submitted and not done, so that the range is read no faster than it is worked at.
///
/// The first exception of a step, or of `progress`, is thrown: steps that have not begun are cancelled, those that run
/// are asked to stop, and not waited for. Cancellation: throws CancelledError, likewise. Throws DeadlockError on the
/// thread of an event loop.
template <AnyExecutor E, std::ranges::forward_range Range, class Map, class Reduce>
requires(!std::derived_from<E, Executor>) auto map_reduce(
    E& executor, Range&& range, Map map, Reduce reduce, MapReduceOptions options = MapReduceOptions(),
    std::source_location where = std::source_location::current()) {
    using Element = std::ranges::range_value_t<Range>;
    using Result = std::decay_t<std::invoke_result_t<Map&, Element>>;
    constexpr std::size_t kChunksEach = 8, kAheadEach = 3;
    detail::refuse_on_loop("map_reduce()", "let run_in_executor() of a thread pool call it");
    const auto size = static_cast<std::size_t>(std::ranges::distance(range));
    if (size == 0) return Result();
    const std::size_t workers = std::max<std::size_t>(executor.concurrency(), 1);
    const std::size_t chunk =
        std::max<std::size_t>(options.chunk_size != 0 ? options.chunk_size : size / (kChunksEach * workers), 1);
    detail::ReduceTree tree((size + chunk - 1) / chunk);

    // The callbacks may come later than the end of this function.
    const auto completed = std::make_shared<Queue<std::size_t>>();
    std::vector<Future<Result>> results(tree.nodes());
    std::size_t running = 0, next_chunk = 0;
    const auto begun = [&](std::size_t node, Future<Result> future) {
        results[node] = std::move(future);
        ++running;
        results[node].add_done_callback([completed, node](Future<Result>&) { completed->put(node); });
    };
    auto element = std::ranges::begin(range);
    const auto begin_chunk = [&] {
        std::vector<Element> elements;
        const std::size_t count = std::min(chunk, size - next_chunk * chunk);
        elements.reserve(count);
        for (std::size_t i = 0; i < count; ++i, ++element) elements.push_back(*element);
        begun(next_chunk++,
              executor.submit(&detail::map_chunk<Map, Reduce, Element, Result>, map, reduce, std::move(elements)));
    };
    MapReduceProgress progress{0, tree.leaves(), 0, tree.nodes() - tree.leaves()};
    try {
        while (progress.mapped + progress.reduced < tree.nodes()) {
            while (next_chunk < tree.leaves() && running < kAheadEach * workers) begin_chunk();
            const std::size_t node = completed->get(where);
            --running;
            (void)std::as_const(results[node]).result();  // throws what the step has thrown
            ++(node < tree.leaves() ? progress.mapped : progress.reduced);
            if (options.progress) options.progress(std::as_const(progress));
            if (const auto both = tree.complete(node)) {
                begun(both->node, executor.submit(&detail::reduce_two<Reduce, Result>, reduce,
                                                  std::move(results[both->left]).result(),
                                                  std::move(results[both->right]).result()));
            }
        }
    } catch (...) {
        for (const Future<Result>& future : results) {
            if (future.valid()) future.cancel("another step of the map_reduce() has failed");
        }
        throw;
    }
    return std::move(results.back()).result();
}

/// The same result by the threads of an executor of this process, the calling one among them, with the same order of
/// combinations; `map` and `reduce` may be anything, and are called by several threads at the same time. Partial
/// results are combined when all chunks are mapped, one level of the tree after the other. How it ends by an exception
/// or by cancellation is as with parallel_for(): no call runs any more when it does.
template <std::ranges::random_access_range Range, class Map, class Reduce>
auto map_reduce(Executor& executor, Range&& range, Map map, Reduce reduce, MapReduceOptions options,
                std::source_location where = std::source_location::current()) {
    using Difference = std::ranges::range_difference_t<Range>;
    using Result = std::decay_t<std::invoke_result_t<Map&, std::ranges::range_reference_t<Range>>>;
    const auto first = std::ranges::begin(range);
    detail::ChunkRun run(executor, static_cast<std::size_t>(std::ranges::distance(range)), options.chunk_size);
    std::vector<std::optional<Result>> partial(run.chunks());
    if (partial.empty()) return Result();
    std::mutex mutex;
    MapReduceProgress progress{0, partial.size(), 0, partial.size() - 1};
    const auto advance = [&](std::size_t MapReduceProgress::*step) {
        if (!options.progress) return;
        std::scoped_lock guard(mutex);
        ++(progress.*step);
        options.progress(std::as_const(progress));
    };
    run.run(
        [&](detail::ChunkRun::Part& part, std::size_t index, std::size_t begin, std::size_t end) {
            auto element = first + static_cast<Difference>(begin);
            Result result = std::invoke(map, *element);
            const auto add = [&](std::size_t) {
                result = std::invoke(reduce, std::move(result), Result(std::invoke(map, *++element)));
            };
            if (!part.each(begin + 1, end, add)) return;
            partial[index].emplace(std::move(result));
            advance(&MapReduceProgress::mapped);
        },
        where);
    // Level by level: neighbours at twice the distance each time.
    for (std::size_t distance = 1; distance < partial.size(); distance *= 2) {
        const std::size_t pairs = (partial.size() - 1 - distance) / (2 * distance) + 1;
        detail::ChunkRun level(executor, pairs, 1);
        level.run(
            [&](detail::ChunkRun::Part&, std::size_t pair, std::size_t, std::size_t) {
                std::optional<Result>& left = partial[pair * 2 * distance];
                std::optional<Result>& right = partial[pair * 2 * distance + distance];
                left = std::invoke(reduce, std::move(*left), std::move(*right));
                right.reset();
                advance(&MapReduceProgress::reduced);
            },
            where);
    }
    return std::move(*partial.front());
}

}  // namespace hocket
