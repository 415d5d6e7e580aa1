#include "load/printable.hpp"

#include <gtest/gtest.h>

#include <string>

namespace hocket::load {
namespace {

TEST(Printable, LetsNoControlCharacterThrough) {
    EXPECT_EQ(printable("a\x1b[31mb\r\nc\td\x7f"), "a?[31mb  c d?");
    EXPECT_EQ(printable("\xc2\x9b"
                        "31m µ \xc2\xa0"),
              "?31m µ \xc2\xa0");  // CSI as one C1 character, and harmless neighbours
    EXPECT_EQ(printable(std::string("\0", 1)), "?");
}

}  // namespace
}  // namespace hocket::load
