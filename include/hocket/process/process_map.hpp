// The results of ProcessPool::map.
#pragma once
#include <algorithm>
#include <cstddef>
#include <deque>
#include <exception>
#include <iterator>
#include <optional>
#include <ranges>
#include <tuple>
#include <utility>
#include <vector>

#include "hocket/futures/detail/unseen_errors.hpp"
#include "hocket/futures/future.hpp"
#include "hocket/futures/map_options.hpp"
#include "hocket/process/detail/chunk.hpp"

namespace hocket {

/// What ProcessPool::map() returns: a range that is gone through once. Its elements are references to the results,
/// which may be moved from; std::monostate for a function that returns nothing.
template <class Pool, class F, class... Views>
class ProcessMapResults {
    template <class View>
    using Element = detail::ArrivesAs<std::ranges::range_value_t<View>>;

public:
    using Result = detail::MapResult<detail::RemoteResult<F, Element<Views>...>>;

    class Iterator {
    public:
        using value_type = Result;
        using difference_type = std::ptrdiff_t;
        using iterator_concept = std::input_iterator_tag;
        Iterator() noexcept = default;
        /// Blocks until the result is there. Throws what became of the element: a RemoteError if the function has
        /// thrown, BrokenProcessPool if the worker has died with it; TimeoutError, after which it may be asked for
        /// again.
        Result& operator*() const { return results_->front(); }
        /// Blocks like `*`, and throws what ends the wait or keeps the next job from being submitted, but nothing else.
        Iterator& operator++() {
            results_->pop();
            return *this;
        }
        void operator++(int) { ++*this; }
        bool operator==(std::default_sentinel_t) const noexcept { return results_->window_.empty(); }

    private:
        friend ProcessMapResults;
        explicit Iterator(ProcessMapResults& results) noexcept : results_(&results) {}
        ProcessMapResults* results_ = nullptr;
    };

    /// For the library: see ProcessPool::map().
    ProcessMapResults(Pool& pool, MapOptions options, F function, Views... views)
        : pool_(pool),
          chunk_size_(std::max<std::size_t>(options.chunk_size, 1)),
          ahead_(options.buffer_size != 0 ? options.buffer_size : kAheadPerWorker * pool.concurrency()),
          deadline_(detail::deadline_after(options.timeout)),
          function_(std::move(function)),
          views_(std::move(views)...) {}
    ProcessMapResults(const ProcessMapResults&) = delete;
    ProcessMapResults& operator=(const ProcessMapResults&) = delete;
    /// Cancels what was submitted and is not needed any more, without waiting for it: nothing here is used by the jobs.
    ~ProcessMapResults() {
        for (auto& chunk : window_) {
            chunk.future.checked()->cancel_quietly("the results of map() were abandoned");
            if (chunk.future.done()) look_for_unseen(chunk);
        }
    }

    /// Submits the first jobs. To be called once.
    Iterator begin() {
        std::apply([this](auto&... views) { at_.emplace(std::ranges::begin(views)...); }, views_);
        while (window_.size() < ahead_ && submit_next(std::index_sequence_for<Views...>())) {
        }
        return Iterator(*this);
    }
    std::default_sentinel_t end() const noexcept { return {}; }

private:
    static constexpr std::size_t kAheadPerWorker = 32;

    // Submitted elements, and where their results are gone through.
    struct Chunk {
        Future<detail::ChunkResults<Result>> future;
        std::size_t size = 0;
        std::size_t at = 0;          // the element whose turn it is
        std::size_t next_item = 0;   // in `items`
        std::size_t next_error = 0;  // in `errors`
        bool seen = false;           // that error
    };

    template <std::size_t... Index>
    bool submit_next(std::index_sequence<Index...>) {
        detail::Payload elements(pool_.block_source());
        std::uint64_t count = 0;
        detail::write_function<F>(elements, function_);
        const std::size_t count_at = elements.size();
        detail::write_value(elements, count);
        for (; count < chunk_size_; ++count) {
            if (((std::get<Index>(*at_) == std::ranges::end(std::get<Index>(views_))) || ...)) break;
            (detail::write_argument<Element<Views>>(
                 elements, static_cast<const std::ranges::range_value_t<Views>&>(*std::get<Index>(*at_))),
             ...);
            (++std::get<Index>(*at_), ...);
        }
        if (count == 0) return false;
        std::memcpy(elements.data() + count_at, &count, sizeof count);
        static const detail::FunctionName entry = detail::name_of(&detail::run_chunk<F, Result, Element<Views>...>);
        window_.push_back(Chunk());
        try {
            window_.back().future =
                pool_.template submit_payload<detail::ChunkResults<Result>>(entry, std::move(elements));
            window_.back().size = static_cast<std::size_t>(count);
        } catch (...) {
            window_.pop_back();
            throw;
        }
        return true;
    }
    void await(const Chunk& chunk) {
        if (!chunk.future.checked()->block_until(deadline_, std::source_location::current()))
            throw TimeoutError("hocket: a result of map() was not there within its time limit");
    }
    Result& front() {
        Chunk& chunk = window_.front();
        await(chunk);
        (void)std::as_const(chunk.future).result();
        auto& results = chunk.future.checked()->outcome().value();
        if (chunk.next_error < results.errors.size() && results.errors[chunk.next_error].first == chunk.at) {
            chunk.seen = true;
            std::rethrow_exception(results.errors[chunk.next_error].second);
        }
        return results.items[chunk.next_item].value;
    }
    void pop() {
        Chunk& chunk = window_.front();
        if (!passes_element(chunk)) ++chunk.next_item;
        if (++chunk.at < chunk.size) return;
        window_.pop_front();
        submit_next(std::index_sequence_for<Views...>());
    }
    // Whether the element whose turn it is has no item.
    bool passes_element(Chunk& chunk) {
        await(chunk);
        const auto& state = chunk.future.checked();
        if (state->failed() || state->cancelled()) return true;
        auto& errors = state->outcome().value().errors;
        if (chunk.next_error == errors.size() || errors[chunk.next_error].first != chunk.at) return false;
        if (!std::exchange(chunk.seen, false)) unseen_.add(errors[chunk.next_error].second);
        ++chunk.next_error;
        return true;
    }
    void look_for_unseen(const Chunk& chunk) noexcept {
        const auto& state = chunk.future.checked();
        if (state->failed() || state->cancelled()) return;
        const auto& errors = state->outcome().value().errors;
        for (std::size_t i = chunk.next_error + (chunk.seen ? 1 : 0); i < errors.size(); ++i)
            unseen_.add(errors[i].second);
    }

    Pool& pool_;
    const std::size_t chunk_size_;
    const std::size_t ahead_;
    const TimePoint deadline_;
    F function_;
    std::tuple<Views...> views_;
    std::optional<std::tuple<std::ranges::iterator_t<Views>...>> at_;
    std::deque<Chunk> window_;
    detail::UnseenErrors unseen_;
};

}  // namespace hocket
