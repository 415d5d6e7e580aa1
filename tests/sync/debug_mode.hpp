// Debug mode is a matter of the environment when the program first asks: such a test runs in a child process.
#pragma once
#include <gtest/gtest.h>

#include <cstdlib>

namespace hocket::test {

/// For EXPECT_EXIT: ends the child with 0 if `check` says so in debug mode.
template <class Check>
[[noreturn]] void in_debug_mode(Check check) {
    ::setenv("HOCKET_DEBUG", "1", 1);
    std::_Exit(check() ? 0 : 1);
}

class DebugModeTest : public testing::Test {
protected:
    DebugModeTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

}  // namespace hocket::test
