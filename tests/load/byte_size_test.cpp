#include "load/byte_size.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace hocket::load {
namespace {

TEST(ByteSize, IsParsedInPowersOf1024) {
    const std::pair<const char*, std::uint64_t> goods[] = {
        {"0", 0},         {"512", 512},    {"1b", 1},         {"10k", 10240},           {"10K", 10240},
        {"64KiB", 65536}, {"64kb", 65536}, {"1ki", 1024},     {"1M", 1 << 20},          {"1.5M", 3 << 19},
        {"1.1k", 1126},   {".5k", 512},    {"2GB", 2u << 30}, {"4194304G", 1ull << 52},
    };
    for (const auto& [text, bytes] : goods) EXPECT_EQ(parse_byte_size(text), bytes) << text;
}

TEST(ByteSize, SaysWhatIsWrong) {
    const std::pair<std::string, const char*> bads[] = {
        {"", "it is empty"},
        {"-1", "it is negative"},
        {"k", "does not begin with a number"},
        {" 1", "does not begin with a number"},
        {"1 k", "the unit ' k' is unknown (there are k, M and G)"},
        {"1x", "the unit 'x' is unknown"},
        {"1kk", "the unit 'kk' is unknown"},
        {"1T", "the unit 'T' is unknown"},
        {"1.5", "no parts of a byte"},
        {"1.2.3", "the unit '.3' is unknown"},
        {"4294967297G", "it is too big"},
        {std::string(5000, '9'), "it is too big"},
    };
    for (const auto& [text, why] : bads) {
        SCOPED_TRACE(text);
        try {
            parse_byte_size(text);
            ADD_FAILURE() << "accepted";
        } catch (const std::invalid_argument& error) {
            EXPECT_THAT(error.what(), testing::HasSubstr(why));
            EXPECT_THAT(error.what(), testing::HasSubstr("k is 1024 bytes"));
        }
    }
}

TEST(ByteSize, IsFormattedWithThreeDigits) {
    const std::pair<double, const char*> formats[] = {
        {0, "0 B"},
        {13, "13 B"},
        {999, "999 B"},
        {1000, "0.98 KiB"},
        {1536, "1.50 KiB"},
        {10240, "10.0 KiB"},
        {102400, "100 KiB"},
        {1 << 20, "1.00 MiB"},
        {25690112, "24.5 MiB"},
        {1023.6 * 1024, "1.00 MiB"},
        {5e9, "4.66 GiB"},
        {1e12, "931 GiB"},
        {1e13, "9.09 TiB"},
        {1e16, "8.88 PiB"},
        {1e20, "88818 PiB"},
    };
    for (const auto& [bytes, text] : formats) EXPECT_EQ(format_byte_size(bytes), text);
}

}  // namespace
}  // namespace hocket::load
