#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace hocket::load {

// A latency histogram of constant memory (184 KiB, touched only where values fall): 1 µs to 1 h with three significant
// digits, that is, a value is known to better than 0.1 %. Own code after the published description of Gil Tene's
// HdrHistogram (http://hdrhistogram.org): values 0..2047 have a counter each, and every further power of two is cut
// into 1024 counters of equal width.
//
// Thread-safety: ONE thread records; any number of threads may read or merge from it meanwhile. Each counter is a
// relaxed atomic that its only writer updates by load and store, so recording has no locked instruction. A reader sees
// each counter at some recent moment; two counters need not be from the same one. Everything else needs outside order.
class Histogram {
public:
    static constexpr std::int64_t lowest = 1;               // µs
    static constexpr std::int64_t highest = 3'600'000'000;  // µs, one hour

    Histogram();
    Histogram(Histogram&&) noexcept = default;
    Histogram& operator=(Histogram&&) noexcept = default;

    // Counts one value. Values below 1 µs count as 1 µs, values above 1 h as 1 h and in above_range() too.
    void record(std::int64_t microseconds) noexcept {
        if (microseconds < lowest || microseconds > highest) [[unlikely]]
            microseconds = clamp(microseconds);
        const auto value = static_cast<std::uint64_t>(microseconds);
        add(fields_->counts[index_of(value)], 1);
        add(fields_->sum, value);
        if (value < load(fields_->min)) store(fields_->min, value);
        if (value > load(fields_->max)) store(fields_->max, value);
    }

    // Adds all that `other` has counted so far; other's writer may be recording. The caller is the writer of *this.
    void merge(const Histogram& other) noexcept;

    // Takes away what `earlier` holds, which must be an earlier state of the same counts: what is left came since.
    // min() and max() are then known no better than other values.
    void subtract(const Histogram& earlier) noexcept;

    void reset() noexcept;

    std::uint64_t count() const noexcept;        // values recorded
    std::uint64_t above_range() const noexcept;  // of these, longer than an hour
    std::uint64_t min() const noexcept;          // µs, exact; 0 when empty, like the next four
    std::uint64_t max() const noexcept;          // µs, exact
    double mean() const noexcept;                // µs, exact

    // The value in µs that `percentile` percent (0 to 100, clamped) of the recorded values do not exceed. As in
    // HdrHistogram this is the highest value that shares a counter with the one searched (but never above max());
    // percentile 0 gives min().
    std::uint64_t value_at_percentile(double percentile) const noexcept;

    // Calls visit(first, last, count) for each counter that is not zero, in rising order; it holds the values
    // first..last, both inclusive, in µs.
    template <class Visit>
    void for_each(Visit&& visit) const {
        for (std::size_t index = 0; index < counters; ++index) {
            if (const std::uint64_t n = load(fields_->counts[index])) {
                visit(first_of(index), last_of(index), n);
            }
        }
    }

private:
    using Counter =
        std::uint64_t;  // used through std::atomic_ref only, so that calloc() can hand out untouched zero pages

    static constexpr int half_bits = 10;                           // 1024 counters per power of two
    static constexpr std::uint64_t unit_values = 2u << half_bits;  // below this, a counter per value
    static constexpr std::size_t counters = (std::size_t{21} << half_bits) + (highest >> 21) + 1;

    struct Fields {
        Counter sum;
        Counter min;
        Counter max;
        Counter above_range;
        Counter counts[counters];
    };
    struct Free {
        void operator()(Fields* fields) const noexcept;
    };

    static constexpr std::size_t index_of(std::uint64_t value) noexcept {
        const int shift = static_cast<int>(std::bit_width(value | (unit_values - 1))) - (half_bits + 1);
        return (static_cast<std::size_t>(shift) << half_bits) + static_cast<std::size_t>(value >> shift);
    }
    static constexpr std::uint64_t first_of(std::size_t index) noexcept {
        const std::size_t shift = index < unit_values ? 0 : (index >> half_bits) - 1;
        return static_cast<std::uint64_t>(index - (shift << half_bits)) << shift;
    }
    static constexpr std::uint64_t last_of(std::size_t index) noexcept { return first_of(index + 1) - 1; }

    static std::uint64_t load(Counter& counter) noexcept {
        return std::atomic_ref(counter).load(std::memory_order_relaxed);
    }
    static void store(Counter& counter, std::uint64_t n) noexcept {
        std::atomic_ref(counter).store(n, std::memory_order_relaxed);
    }
    static void add(Counter& counter, std::uint64_t n) noexcept { store(counter, load(counter) + n); }
    std::int64_t clamp(std::int64_t microseconds) noexcept;

    std::unique_ptr<Fields, Free> fields_;
};

}  // namespace hocket::load
