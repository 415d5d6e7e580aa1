// The results of Executor::map.
#pragma once
#include <algorithm>
#include <deque>
#include <exception>
#include <functional>
#include <iterator>
#include <optional>
#include <ranges>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "hocket/futures/detail/unseen_errors.hpp"
#include "hocket/futures/executor.hpp"

namespace hocket {

/// What Executor::map() returns: a range that is gone through once. Its elements are references to the results, which
/// may be moved from; std::monostate for a function that returns nothing.
template <class F, class... Views>
class MapResults {
    using Raw = std::invoke_result_t<F&, std::ranges::range_value_t<Views>&&...>;

public:
    using Result = std::conditional_t<std::is_void_v<Raw>, std::monostate, std::remove_cvref_t<Raw>>;

    class Iterator {
    public:
        using value_type = Result;
        using difference_type = std::ptrdiff_t;
        using iterator_concept = std::input_iterator_tag;
        Iterator() noexcept = default;
        /// Blocks until the result is there. Throws what the function has thrown; TimeoutError, after
        /// which it may be asked for again.
        Result& operator*() const { return results_->front(); }
        /// Blocks like `*`, and throws what ends the wait or keeps the next job from being submitted, but nothing else.
        Iterator& operator++() {
            results_->pop();
            return *this;
        }
        void operator++(int) { ++*this; }
        bool operator==(std::default_sentinel_t) const noexcept { return results_->window_.empty(); }

    private:
        friend MapResults;
        explicit Iterator(MapResults& results) noexcept : results_(&results) {}
        MapResults* results_ = nullptr;
    };

    /// For the library: see Executor::map().
    MapResults(Executor& executor, MapOptions options, F function, Views... views)
        : executor_(executor),
          chunk_size_(std::max<std::size_t>(options.chunk_size, 1)),
          ahead_(options.buffer_size != 0 ? options.buffer_size : kAheadPerWorker * executor.concurrency()),
          deadline_(detail::deadline_after(options.timeout)),
          function_(std::move(function)),
          views_(std::move(views)...) {}
    MapResults(const MapResults&) = delete;
    MapResults& operator=(const MapResults&) = delete;
    ~MapResults() {
        for (Chunk& chunk : window_) chunk.job.checked()->cancel_quietly("the results of map() were abandoned");
        // The jobs use what is in here, and what the function refers to may go out of scope next.
        for (Chunk& chunk : window_) {
            chunk.job.checked()->block_until_done();
            look_for_unseen(chunk);
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
    static constexpr std::size_t kAheadPerWorker = 4;
    using Elements = std::tuple<std::ranges::range_value_t<Views>...>;

    // What has become of an element: neither if its job ended before it.
    struct Item {
        std::optional<Result> value;
        std::exception_ptr error;
        bool seen = false;
    };
    // The job reads the elements and writes the items, which are read when it is done.
    struct Chunk {
        std::vector<Elements> elements;
        std::vector<Item> items;
        std::size_t at = 0;  // the item whose turn it is
        Future<void> job;
    };

    template <std::size_t... Index>
    bool submit_next(std::index_sequence<Index...>) {
        Chunk& chunk = window_.emplace_back(std::exchange(spare_, Chunk()));
        try {
            while (chunk.elements.size() < chunk_size_) {
                if (((std::get<Index>(*at_) == std::ranges::end(std::get<Index>(views_))) || ...)) break;
                chunk.elements.emplace_back(std::ranges::range_value_t<Views>(*std::get<Index>(*at_))...);
                (++std::get<Index>(*at_), ...);
            }
            if (!chunk.elements.empty()) {
                chunk.items.resize(chunk.elements.size());
                chunk.job = executor_.submit([this, &chunk] { work(chunk); });
                return true;
            }
        } catch (...) {
            window_.pop_back();
            throw;
        }
        window_.pop_back();
        return false;
    }
    void work(Chunk& chunk) {
        const detail::ThreadCanceller* canceller = detail::ThreadCanceller::current();
        for (std::size_t i = 0; i < chunk.elements.size(); ++i) {
            if (canceller && canceller->pending()) canceller->throw_cancelled();
            Elements elements(std::move(chunk.elements[i]));
            try {
                chunk.items[i].value.emplace(
                    std::apply([this](auto&... each) { return this->call(std::move(each)...); }, elements));
            } catch (const CancelledError&) {
                if (canceller && canceller->pending()) throw;  // the job's, not the function's own
                chunk.items[i].error = std::current_exception();
                chunk.items[i].seen = true;  // cancelled is not lost
            } catch (...) {
                chunk.items[i].error = std::current_exception();
            }
        }
        chunk.elements.clear();
    }
    template <class... Arguments>
    Result call(Arguments&&... arguments) {
        if constexpr (std::is_void_v<Raw>) {
            std::invoke(function_, std::forward<Arguments>(arguments)...);
            return {};
        } else {
            return std::invoke(function_, std::forward<Arguments>(arguments)...);
        }
    }
    void await(const Chunk& chunk) {
        if (!chunk.job.checked()->block_until(deadline_, std::source_location::current()))
            throw TimeoutError("hocket: a result of map() was not there within its time limit");
    }
    Result& front() {
        Chunk& chunk = window_.front();
        await(chunk);
        chunk.job.result();
        Item& item = chunk.items[chunk.at];
        item.seen = true;
        if (item.error) std::rethrow_exception(item.error);
        return *item.value;
    }
    void pop() {
        Chunk& chunk = window_.front();
        await(chunk);
        if (++chunk.at < chunk.items.size()) return;
        look_for_unseen(chunk);
        // Its memory serves the next.
        spare_ = std::move(chunk);
        spare_.elements.clear();
        spare_.items.clear();
        spare_.at = 0;
        spare_.job = Future<void>();
        window_.pop_front();
        submit_next(std::index_sequence_for<Views...>());
    }
    void look_for_unseen(const Chunk& chunk) noexcept {
        for (const Item& item : chunk.items) {
            if (!item.seen && item.error) unseen_.add(item.error);
        }
    }

    Executor& executor_;
    const std::size_t chunk_size_;
    const std::size_t ahead_;
    const TimePoint deadline_;
    F function_;
    std::tuple<Views...> views_;
    std::optional<std::tuple<std::ranges::iterator_t<Views>...>> at_;
    std::deque<Chunk> window_;  // in which a chunk stays where it is
    Chunk spare_;
    detail::UnseenErrors unseen_;
};

template <class F, class... Ranges>
auto Executor::map_with(MapOptions options, F function, Ranges&&... ranges) {
    return MapResults<F, std::views::all_t<Ranges>...>(*this, options, std::move(function),
                                                       std::views::all(std::forward<Ranges>(ranges))...);
}

}  // namespace hocket
