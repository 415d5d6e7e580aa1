#include "model/round_number.hpp"

#include <gtest/gtest.h>

namespace hocket::window {
namespace {

TEST(RoundNumber, is_not_below_what_was_asked_for) {
    EXPECT_DOUBLE_EQ(round_number(0.3), 0.5);
    EXPECT_DOUBLE_EQ(round_number(1), 1);
    EXPECT_DOUBLE_EQ(round_number(2.1), 2.5);
    EXPECT_DOUBLE_EQ(round_number(26), 50);
    EXPECT_DOUBLE_EQ(round_number(5001), 10'000);
    EXPECT_DOUBLE_EQ(round_number(0), 1);
    EXPECT_DOUBLE_EQ(round_number(-3), 1);
}

// A label with fewer would lie: 2.5 is not 3.
TEST(RoundNumber, has_the_decimals_that_it_needs) {
    EXPECT_EQ(decimals_of(10'000), 0);
    EXPECT_EQ(decimals_of(25), 0);
    EXPECT_EQ(decimals_of(2.5), 1);
    EXPECT_EQ(decimals_of(1), 0);
    EXPECT_EQ(decimals_of(0.25), 2);
    EXPECT_EQ(decimals_of(0.2), 1);
    EXPECT_EQ(decimals_of(0.025), 3);
    EXPECT_EQ(decimals_of(0.01), 2);
    for (double least = 1e-6; least < 1e9; least *= 1.7) {
        const double round = round_number(least);
        EXPECT_LE(decimals_of(round), 8) << round;
    }
}

}  // namespace
}  // namespace hocket::window
