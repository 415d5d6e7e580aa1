// The results of Executor::map.
#pragma once
#include <deque>
#include <functional>
#include <iterator>
#include <optional>
#include <ranges>
#include <tuple>
#include <utility>
#include <variant>

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
        /// Blocks until the result is there. Throws what the job has thrown.
        Result& operator*() const { return results_->front(); }
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
    MapResults(Executor& executor, F function, Views... views)
        : executor_(executor), function_(std::move(function)), views_(std::move(views)...) {}
    MapResults(const MapResults&) = delete;
    MapResults& operator=(const MapResults&) = delete;
    ~MapResults() {
        for (auto& future : window_) future.cancel("the results of map() were abandoned");
        // The jobs use the function, and what that refers to may go out of scope next.
        for (auto& future : window_) future.checked()->block_until_done();
    }

    /// Submits the first jobs. To be called once.
    Iterator begin() {
        std::apply([this](auto&... views) { at_.emplace(std::ranges::begin(views)...); }, views_);
        const std::size_t ahead = kAheadPerWorker * executor_.concurrency();
        while (window_.size() < ahead && submit_next()) {
        }
        return Iterator(*this);
    }
    std::default_sentinel_t end() const noexcept { return {}; }

private:
    static constexpr std::size_t kAheadPerWorker = 4;

    bool submit_next() { return submit_next(std::index_sequence_for<Views...>()); }
    template <std::size_t... Index>
    bool submit_next(std::index_sequence<Index...>) {
        if (((std::get<Index>(*at_) == std::ranges::end(std::get<Index>(views_))) || ...)) return false;
        const auto call = [&function = function_](auto&... elements) -> Result {
            if constexpr (std::is_void_v<Raw>) {
                std::invoke(function, std::move(elements)...);
                return {};
            } else {
                return std::invoke(function, std::move(elements)...);
            }
        };
        window_.push_back(
            executor_.submit([call](std::ranges::range_value_t<Views>... elements) { return call(elements...); },
                             std::ranges::range_value_t<Views>(*std::get<Index>(*at_))...));
        (++std::get<Index>(*at_), ...);
        return true;
    }
    Result& front() {
        (void)std::as_const(window_.front()).result();
        return window_.front().checked()->outcome().value();
    }
    void pop() {
        window_.pop_front();
        submit_next();
    }

    Executor& executor_;
    F function_;
    std::tuple<Views...> views_;
    std::optional<std::tuple<std::ranges::iterator_t<Views>...>> at_;
    std::deque<Future<Result>> window_;
};

template <class F, std::ranges::viewable_range... Ranges>
auto Executor::map(F function, Ranges&&... ranges) {
    return MapResults<F, std::views::all_t<Ranges>...>(*this, std::move(function),
                                                       std::views::all(std::forward<Ranges>(ranges))...);
}

}  // namespace hocket
