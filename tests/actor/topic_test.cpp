#include "hocket/actor/detail/topic.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace hocket::detail {
namespace {

bool matches(const char* pattern, const char* topic) { return TopicPattern(pattern).matches(topic); }

TEST(Topic, ExactOnesMatchThemselves) {
    EXPECT_TRUE(matches("a", "a"));
    EXPECT_TRUE(matches("a.b.c", "a.b.c"));
    EXPECT_FALSE(matches("a.b", "a.b.c"));
    EXPECT_FALSE(matches("a.b.c", "a.b"));
    EXPECT_FALSE(matches("a", ""));
}

TEST(Topic, AStarStandsForOneWord) {
    EXPECT_TRUE(matches("*", "a"));
    EXPECT_FALSE(matches("*", ""));
    EXPECT_FALSE(matches("*", "a.b"));
    EXPECT_TRUE(matches("sensors.*.temperature", "sensors.kitchen.temperature"));
    EXPECT_FALSE(matches("sensors.*.temperature", "sensors.temperature"));
    EXPECT_FALSE(matches("sensors.*.temperature", "sensors.kitchen.humidity"));
    EXPECT_FALSE(matches("sensors.*.temperature", "sensors.kitchen.north.temperature"));
    EXPECT_FALSE(matches("sensors.*", "sensors"));
    EXPECT_FALSE(matches("a*", "ab"));  // part of a word, not a wildcard
    EXPECT_TRUE(matches("a*", "a*"));
}

TEST(Topic, TheRestIsOneWordOrMore) {
    EXPECT_TRUE(matches(">", "a"));
    EXPECT_TRUE(matches(">", "a.b.c"));
    EXPECT_FALSE(matches(">", ""));
    EXPECT_TRUE(matches("a.>", "a.b"));
    EXPECT_TRUE(matches("a.>", "a.b.c"));
    EXPECT_FALSE(matches("a.>", "a"));
    EXPECT_FALSE(matches("a.>", "b.c"));
    EXPECT_TRUE(matches("*.b.>", "a.b.c.d"));
    EXPECT_FALSE(matches("*.b.>", "a.b"));
}

TEST(Topic, BadOnesAreRefused) {
    for (const char* pattern : {"", ".", "a.", ".a", "a..b", ">.a", "a.>.b"})
        EXPECT_THROW(TopicPattern{pattern}, std::invalid_argument) << pattern;
    for (const char* topic : {"", ".", "a.", ".a", "a..b", "*", "a.*", ">", "a.>"})
        EXPECT_THROW(check_topic(topic), std::invalid_argument) << topic;
    check_topic("a");
    check_topic("a.b*.c");
}

}  // namespace
}  // namespace hocket::detail
