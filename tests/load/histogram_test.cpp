#include "load/histogram.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <thread>
#include <vector>

namespace hocket::load {
namespace {

// The definition that HdrHistogram shares: the smallest value that at least p percent of the values do not exceed.
std::int64_t exact_percentile(const std::vector<std::int64_t>& sorted, double p) {
    const double rank = std::ceil(std::nextafter(p, 0.0) / 100 * static_cast<double>(sorted.size()));
    return sorted[std::max<std::size_t>(1, static_cast<std::size_t>(rank)) - 1];
}

TEST(Histogram, IsZeroWhenEmpty) {
    const Histogram histogram;
    EXPECT_EQ(histogram.count(), 0u);
    EXPECT_EQ(histogram.min(), 0u);
    EXPECT_EQ(histogram.max(), 0u);
    EXPECT_EQ(histogram.mean(), 0);
    for (const double p : {0.0, 50.0, 100.0}) EXPECT_EQ(histogram.value_at_percentile(p), 0u);
    histogram.for_each([](auto, auto, auto) { FAIL(); });
}

TEST(Histogram, IsExactUpTo2047AndForASingleValue) {
    Histogram histogram;
    for (std::int64_t v = 1; v <= 2047; ++v) histogram.record(v);
    std::uint64_t next = 1;
    histogram.for_each([&](std::uint64_t first, std::uint64_t last, std::uint64_t n) {
        EXPECT_EQ(first, next);
        EXPECT_EQ(last, next++);
        EXPECT_EQ(n, 1u);
    });
    EXPECT_EQ(next, 2048u);

    for (const std::int64_t v :
         {1l, 2048l, 2049l, 4095l, 4096l, 999'999l, 59'999'999l, 3'599'999'999l, 3'600'000'000l}) {
        Histogram single;
        single.record(v);
        EXPECT_EQ(single.min(), v);
        EXPECT_EQ(single.max(), v);
        EXPECT_EQ(single.mean(), static_cast<double>(v));
        for (const double p : {0.0, 50.0, 99.9, 100.0}) EXPECT_EQ(single.value_at_percentile(p), v);
    }
}

TEST(Histogram, GivesTheHighestValueOfTheCounterThatHoldsThePercentile) {
    Histogram histogram;
    histogram.record(4096);  // counters are 4 wide from here on
    histogram.record(8189);
    EXPECT_EQ(histogram.value_at_percentile(50), 4099u);
    EXPECT_EQ(histogram.value_at_percentile(100), 8189u);  // and not 8191, which nobody measured
    EXPECT_EQ(histogram.value_at_percentile(0), 4096u);
    EXPECT_EQ(histogram.value_at_percentile(-5), 4096u);
    EXPECT_EQ(histogram.value_at_percentile(1000), 8189u);
    EXPECT_EQ(histogram.value_at_percentile(std::nan("")), 4096u);
}

TEST(Histogram, DoesNotRoundARankUp) {
    Histogram histogram;
    for (std::int64_t v = 1; v <= 1000; ++v) histogram.record(v);
    EXPECT_EQ(histogram.value_at_percentile(99.9), 999u);
    EXPECT_EQ(histogram.value_at_percentile(50), 500u);
    EXPECT_EQ(histogram.value_at_percentile(0.1), 1u);
    EXPECT_EQ(histogram.value_at_percentile(99.99), 1000u);
}

TEST(Histogram, CountersCoverTheRangeWithoutGapsAndNarrowEnough) {
    Histogram histogram;
    for (std::int64_t v = 1; v <= Histogram::highest; v += 1 + v / 2500) histogram.record(v);  // hits every counter
    std::uint64_t next = 1;
    histogram.for_each([&](std::uint64_t first, std::uint64_t last, std::uint64_t) {
        ASSERT_EQ(first, next);
        ASSERT_LE(static_cast<double>(last - first), static_cast<double>(first) * 0.001);
        next = last + 1;
    });
    EXPECT_GT(next, static_cast<std::uint64_t>(Histogram::highest));
}

TEST(Histogram, ClampsAndCountsWhatIsOutOfRange) {
    Histogram histogram;
    histogram.record(0);
    histogram.record(-7);
    EXPECT_EQ(histogram.min(), 1u);
    EXPECT_EQ(histogram.max(), 1u);
    EXPECT_EQ(histogram.above_range(), 0u);
    histogram.record(Histogram::highest);
    EXPECT_EQ(histogram.above_range(), 0u);
    histogram.record(Histogram::highest + 1);
    histogram.record(std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(histogram.above_range(), 2u);
    EXPECT_EQ(histogram.count(), 5u);
    EXPECT_EQ(histogram.max(), static_cast<std::uint64_t>(Histogram::highest));
    EXPECT_EQ(histogram.value_at_percentile(100), static_cast<std::uint64_t>(Histogram::highest));
}

TEST(Histogram, AgreesWithSortedDataToATenthOfAPercent) {
    std::mt19937_64 random(20261120);
    std::lognormal_distribution<double> typical(6, 1);  // around 400 µs
    std::lognormal_distribution<double> wild(10, 4);    // 22 ms, and everything else
    std::uniform_real_distribution<double> uniform(1, 3.6e9);
    const auto check = [&](auto& distribution) {
        Histogram histogram;
        std::vector<std::int64_t> values;
        double sum = 0;
        for (int i = 0; i < 100'000; ++i) {
            const auto v = std::clamp<std::int64_t>(std::llround(distribution(random)), 1, Histogram::highest);
            histogram.record(v);
            values.push_back(v);
            sum += static_cast<double>(v);
        }
        std::sort(values.begin(), values.end());
        EXPECT_EQ(histogram.count(), values.size());
        EXPECT_EQ(histogram.min(), values.front());
        EXPECT_EQ(histogram.max(), values.back());
        EXPECT_NEAR(histogram.mean() * 100'000 / sum, 1, 1e-9);
        for (double p = 0; p <= 100; p += p < 99 ? 0.5 : 0.01) {
            const auto exact = static_cast<double>(exact_percentile(values, p));
            const auto got = static_cast<double>(histogram.value_at_percentile(p));
            ASSERT_GE(got, exact) << p;
            ASSERT_LE(got, exact * 1.001) << p;
        }
    };
    check(typical);
    check(wild);
    check(uniform);
}

TEST(Histogram, MergesToTheSameAsRecordingAll) {
    std::mt19937_64 random(1);
    std::lognormal_distribution<double> distribution(7, 3);
    Histogram parts[3];
    Histogram all;
    for (int i = 0; i < 30'000; ++i) {
        const auto v = static_cast<std::int64_t>(distribution(random));
        parts[i % 3].record(v);
        all.record(v);
    }
    Histogram merged;
    merged.merge(Histogram());  // nothing, which must not become a minimum of 0
    for (const Histogram& part : parts) merged.merge(part);
    EXPECT_EQ(merged.count(), all.count());
    EXPECT_EQ(merged.min(), all.min());
    EXPECT_EQ(merged.max(), all.max());
    EXPECT_EQ(merged.mean(), all.mean());
    EXPECT_EQ(merged.above_range(), all.above_range());
    for (double p = 0; p <= 100; p += 0.1) EXPECT_EQ(merged.value_at_percentile(p), all.value_at_percentile(p));

    merged.reset();
    EXPECT_EQ(merged.count(), 0u);
    EXPECT_EQ(merged.mean(), 0);
    merged.record(5);
    EXPECT_EQ(merged.min(), 5u);
    EXPECT_EQ(merged.max(), 5u);
}

TEST(Histogram, SubtractsWhatWasThereBefore) {
    Histogram all;
    for (int value = 1; value <= 1000; ++value) all.record(value);
    Histogram before;
    before.merge(all);
    for (int value = 5000; value < 5100; ++value) all.record(value);
    all.subtract(before);
    EXPECT_EQ(all.count(), 100u);
    EXPECT_NEAR(static_cast<double>(all.value_at_percentile(50)), 5049, 5);
    EXPECT_NEAR(static_cast<double>(all.min()), 5000, 5);
    EXPECT_EQ(all.max(), 5099u);
    EXPECT_DOUBLE_EQ(all.mean(), 5049.5);
    before.subtract(before);
    EXPECT_EQ(before.count(), 0u);
    EXPECT_EQ(before.value_at_percentile(99), 0u);
}

TEST(Histogram, CanBeReadWhileItIsWritten) {
    constexpr std::uint64_t values = 300'000;
    Histogram histogram;
    std::atomic<bool> writing = true;
    std::thread writer([&] {
        for (std::uint64_t i = 0; i < values; ++i) histogram.record(static_cast<std::int64_t>(100 + i % 10'000));
        writing = false;
    });
    std::uint64_t seen = 0;
    do {
        Histogram snapshot;
        snapshot.merge(histogram);
        const std::uint64_t count = snapshot.count();
        EXPECT_GE(count, seen);
        EXPECT_LE(count, values);
        seen = count;
        if (count == 0) continue;
        EXPECT_GE(snapshot.min(), 100u);
        EXPECT_LE(snapshot.min(), snapshot.value_at_percentile(50));
        EXPECT_LE(snapshot.value_at_percentile(50), snapshot.max());
        EXPECT_LT(snapshot.max(), 10'108u);
    } while (writing);
    writer.join();
    EXPECT_EQ(histogram.count(), values);
    EXPECT_EQ(histogram.min(), 100u);
    EXPECT_EQ(histogram.max(), 10'099u);
}

}  // namespace
}  // namespace hocket::load
