#include "hocket/core/clock.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>

namespace hocket::detail {
namespace {

using namespace std::chrono_literals;

TEST(ToNanoseconds, IsExactForWholeUnits) {
    EXPECT_EQ(to_nanoseconds(0s), 0ns);
    EXPECT_EQ(to_nanoseconds(1ns), 1ns);
    EXPECT_EQ(to_nanoseconds(-3us), -3000ns);
    EXPECT_EQ(to_nanoseconds(24h), 86'400'000'000'000ns);
    EXPECT_EQ(to_nanoseconds(std::chrono::nanoseconds::max()), Duration::max());
    EXPECT_EQ(to_nanoseconds(std::chrono::nanoseconds::min()), Duration::min());
    EXPECT_EQ(to_nanoseconds(std::chrono::seconds(9'223'372'036)), 9'223'372'036'000'000'000ns);
    EXPECT_EQ(to_nanoseconds(std::chrono::duration<int, std::pico>(2'999)), 2ns);
    EXPECT_EQ(to_nanoseconds(std::chrono::duration<unsigned char>(255)), 255s);
}

TEST(ToNanoseconds, SaturatesInsteadOfOverflowing) {
    EXPECT_EQ(to_nanoseconds(std::chrono::hours::max()), Duration::max());
    EXPECT_EQ(to_nanoseconds(std::chrono::hours::min()), Duration::min());
    EXPECT_EQ(to_nanoseconds(std::chrono::seconds(9'223'372'037)), Duration::max());
    EXPECT_EQ(to_nanoseconds(std::chrono::seconds(-9'223'372'037)), Duration::min());
    EXPECT_EQ(to_nanoseconds(std::chrono::duration<std::uint64_t>(std::numeric_limits<std::uint64_t>::max())),
              Duration::max());
    EXPECT_EQ(to_nanoseconds(std::chrono::duration<double>(1e300)), Duration::max());
    EXPECT_EQ(to_nanoseconds(std::chrono::duration<double>(-1e300)), Duration::min());
    EXPECT_EQ(to_nanoseconds(std::chrono::duration<double>(std::numeric_limits<double>::infinity())), Duration::max());
}

TEST(ToNanoseconds, TakesFractions) {
    EXPECT_EQ(to_nanoseconds(std::chrono::duration<double>(0.1)), 100ms);
    EXPECT_EQ(to_nanoseconds(std::chrono::duration<double, std::milli>(1.5)), 1500us);
    EXPECT_EQ(to_nanoseconds(std::chrono::duration<float, std::ratio<60>>(0.5f)), 30s);
    for (int n = 0; n < 1000; ++n) EXPECT_EQ(to_nanoseconds(std::chrono::duration<double, std::nano>(n)).count(), n);
    EXPECT_EQ(to_nanoseconds(std::chrono::duration<double, std::nano>(0.9)), 0ns);
}

TEST(ToNanoseconds, StaysPositiveJustBelowTheLimit) {
    // As a float, its nanoseconds would round up beyond what fits.
    const std::chrono::duration<float> most(9'223'371'776.0f);
    EXPECT_EQ(to_nanoseconds(most), 9'223'371'776s);
    const std::chrono::duration<double> more(std::nextafter(9'223'372'036.854775807, 0.0));
    EXPECT_GT(to_nanoseconds(more), 9'223'372'036s);
}

TEST(ToNanoseconds, RefusesWhatIsNotANumber) {
    const std::chrono::duration<double> nan(std::numeric_limits<double>::quiet_NaN());
    EXPECT_THROW(to_nanoseconds(nan), std::invalid_argument);
}

TEST(SaturatingAdd, StopsAtTheEndsOfTime) {
    const TimePoint noon(12h);
    EXPECT_EQ(saturating_add(noon, 1h), TimePoint(13h));
    EXPECT_EQ(saturating_add(noon, -13h), TimePoint(-1h));
    EXPECT_EQ(saturating_add(noon, Duration::max()), kNever);
    EXPECT_EQ(saturating_add(TimePoint(Duration::max() - 12h), 12h), kNever);
    EXPECT_EQ(saturating_add(TimePoint(Duration::max() - 13h), 12h), TimePoint(Duration::max() - 1h));
    EXPECT_EQ(saturating_add(kNever, 1ns), kNever);
    EXPECT_EQ(saturating_add(kNever, -1ns), TimePoint(Duration::max() - 1ns));
    EXPECT_EQ(saturating_add(TimePoint(-1ns), Duration::min()), TimePoint::min());
    EXPECT_EQ(saturating_add(TimePoint::min(), -1ns), TimePoint::min());
    EXPECT_EQ(saturating_add(TimePoint::min(), Duration::max()), TimePoint(-1ns));
}

}  // namespace
}  // namespace hocket::detail
