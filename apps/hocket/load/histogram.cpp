#include "histogram.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <new>

namespace hocket::load {

void Histogram::Free::operator()(Fields* fields) const noexcept { std::free(fields); }

Histogram::Histogram() : fields_(static_cast<Fields*>(std::calloc(1, sizeof(Fields)))) {
    static_assert(counters == index_of(highest) + 1);
    if (!fields_) throw std::bad_alloc();
    fields_->min = std::numeric_limits<std::uint64_t>::max();
}

std::int64_t Histogram::clamp(std::int64_t microseconds) noexcept {
    if (microseconds < lowest) return lowest;
    add(fields_->above_range, 1);
    return highest;
}

void Histogram::merge(const Histogram& other) noexcept {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    other.for_each([&](std::uint64_t from, std::uint64_t to, std::uint64_t n) {
        add(fields_->counts[index_of(from)], n);
        if (last == 0) first = from;
        last = to;
    });
    if (last == 0) return;
    // other's writer may have stored a count, but not yet the minimum or maximum that goes with it.
    const std::uint64_t last_of_first = last_of(index_of(first));
    const std::uint64_t first_of_last = first_of(index_of(last));
    store(fields_->min, std::min(load(fields_->min), std::clamp(load(other.fields_->min), first, last_of_first)));
    store(fields_->max, std::max(load(fields_->max), std::clamp(load(other.fields_->max), first_of_last, last)));
    add(fields_->sum, load(other.fields_->sum));
    add(fields_->above_range, load(other.fields_->above_range));
}

void Histogram::subtract(const Histogram& earlier) noexcept {
    earlier.for_each([&](std::uint64_t from, std::uint64_t, std::uint64_t n) {
        Counter& counter = fields_->counts[index_of(from)];
        store(counter, load(counter) - n);
    });
    std::uint64_t first = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t last = 0;
    for_each([&](std::uint64_t from, std::uint64_t to, std::uint64_t) {
        first = std::min(first, from);
        last = to;
    });
    store(fields_->sum, load(fields_->sum) - load(earlier.fields_->sum));
    store(fields_->above_range, load(fields_->above_range) - load(earlier.fields_->above_range));
    store(fields_->min, std::max(first, load(fields_->min)));
    store(fields_->max, std::min(last, load(fields_->max)));
}

void Histogram::reset() noexcept {
    for (Counter& counter : fields_->counts) store(counter, 0);
    store(fields_->sum, 0);
    store(fields_->above_range, 0);
    store(fields_->max, 0);
    store(fields_->min, std::numeric_limits<std::uint64_t>::max());
}

std::uint64_t Histogram::count() const noexcept {
    std::uint64_t total = 0;
    for_each([&](std::uint64_t, std::uint64_t, std::uint64_t n) { total += n; });
    return total;
}

std::uint64_t Histogram::above_range() const noexcept { return load(fields_->above_range); }

std::uint64_t Histogram::min() const noexcept {
    const std::uint64_t min = load(fields_->min);
    return min == std::numeric_limits<std::uint64_t>::max() ? 0 : min;
}

std::uint64_t Histogram::max() const noexcept { return load(fields_->max); }

double Histogram::mean() const noexcept {
    const std::uint64_t n = count();
    return n == 0 ? 0 : static_cast<double>(load(fields_->sum)) / static_cast<double>(n);
}

std::uint64_t Histogram::value_at_percentile(double percentile) const noexcept {
    percentile = std::min(percentile, 100.0);
    if (!(percentile > 0)) return min();
    const std::uint64_t total = count();
    // A hair less than asked for, lest rounding in the product ask for one value too many: 99.9 % of 1000 is the 999th.
    const double rank = std::ceil(std::nextafter(percentile, 0.0) * static_cast<double>(total) / 100);
    const std::uint64_t wanted = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(rank));
    std::uint64_t seen = 0;
    std::uint64_t value = 0;
    for_each([&](std::uint64_t, std::uint64_t to, std::uint64_t n) {
        if (seen < wanted) value = to;
        seen += n;
    });
    return std::min(value, max());
}

}  // namespace hocket::load
