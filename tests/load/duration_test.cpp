#include "load/duration.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace hocket::load {
namespace {

using namespace std::chrono_literals;

TEST(Duration, IsParsed) {
    const std::pair<const char*, std::chrono::nanoseconds> goods[] = {
        {"250ms", 250ms},     {"30s", 30s},
        {"1.5m", 90s},        {"2h", 2h},
        {"10", 10s},          {"0", 0s},
        {"0.25", 250ms},      {"1m30s", 90s},
        {".5s", 500ms},       {"1h1m1s1ms", 3661001ms},
        {"1.5ms", 1500us},    {"1h500ms", 3600500ms},
        {"0.0005ms", 500ns},  {"0030s", 30s},
        {"876000h", 876000h}, {"0.1s", 100ms},
        {"5.s", 5s},          {"1.25h", 75min},
    };
    for (const auto& [text, duration] : goods) EXPECT_EQ(parse_duration(text).count(), duration.count()) << text;
}

TEST(Duration, SaysWhatIsWrong) {
    const std::pair<const char*, const char*> bads[] = {
        {"", "it is empty"},
        {"-1s", "it is negative"},
        {"+1s", "no number before '+1s'"},
        {" 1s", "no number before ' 1s'"},
        {"1 s", "the unit ' s' is unknown"},
        {"s", "no number before 's'"},
        {".s", "no number before '.s'"},
        {"1x", "the unit 'x' is unknown (there are ms, s, m and h)"},
        {"1us", "the unit 'us' is unknown"},
        {"1S", "the unit 'S' is unknown"},
        {"1d", "the unit 'd' is unknown"},
        {"1m30", "the last number has no unit"},
        {"1.2.3", "two points"},
        {"1s1s", "each unit may come once, the bigger one first"},
        {"1s1m", "each unit may come once, the bigger one first"},
        {"1e3s", "the unit 'e' is unknown"},
        {"inf", "no number before 'inf'"},
        {"876001h", "more than 100 years"},
        {"99999999999999999999999999999999999999h", "more than 100 years"},
        {"0x10s", "the unit 'x' is unknown"},
    };
    for (const auto& [text, why] : bads) {
        SCOPED_TRACE(text);
        try {
            parse_duration(text);
            ADD_FAILURE() << "accepted";
        } catch (const std::invalid_argument& error) {
            EXPECT_THAT(error.what(), testing::HasSubstr(why));
            EXPECT_THAT(error.what(), testing::HasSubstr("write for example 250ms"));
        }
    }
    EXPECT_THROW(parse_duration(std::string(5000, '9')), std::invalid_argument);
}

TEST(Duration, IsFormattedWithThreeDigits) {
    const std::pair<std::chrono::nanoseconds, const char*> formats[] = {
        {0ns, "0 ns"},        {999ns, "999 ns"},    {1us, "1.00 µs"},     {9994ns, "9.99 µs"},  {9995ns, "10.0 µs"},
        {99949ns, "99.9 µs"}, {99950ns, "100 µs"},  {812us, "812 µs"},    {999499ns, "999 µs"}, {999500ns, "1.00 ms"},
        {1234us, "1.23 ms"},  {45678us, "45.7 ms"}, {999499us, "999 ms"}, {999500us, "1.00 s"}, {10s, "10.0 s"},
        {99949ms, "99.9 s"},  {99950ms, "1m 40s"},  {125s, "2m 05s"},     {3599s, "59m 59s"},   {3599600ms, "1h 00m"},
        {3720s, "1h 02m"},    {100h, "100h 00m"},
    };
    for (const auto& [duration, text] : formats) EXPECT_EQ(format_duration(duration), text);
}

TEST(Duration, IsSpelledAsItIsParsed) {
    const std::pair<std::chrono::nanoseconds, const char*> spellings[] = {
        {0s, "0s"},          {30s, "30s"}, {90s, "1m30s"}, {250ms, "250ms"}, {2h, "2h"}, {3661001ms, "1h1m1s1ms"},
        {1500ms, "1s500ms"},
    };
    for (const auto& [duration, text] : spellings) {
        EXPECT_EQ(spell_duration(duration), text);
        EXPECT_EQ(parse_duration(text), duration);
    }
}

}  // namespace
}  // namespace hocket::load
