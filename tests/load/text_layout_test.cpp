#include "load/text_layout.hpp"

#include <gtest/gtest.h>

#include <string>

namespace hocket::load {
namespace {

constexpr TextStyle unicode{.width = 80, .unicode = true};
constexpr TextStyle ascii{.width = 80, .unicode = false};

TEST(TextLayout, PutsCommasIntoNumbers) {
    EXPECT_EQ(with_commas(0), "0");
    EXPECT_EQ(with_commas(999), "999");
    EXPECT_EQ(with_commas(1000), "1,000");
    EXPECT_EQ(with_commas(1533201), "1,533,201");
    EXPECT_EQ(with_commas(UINT64_MAX), "18,446,744,073,709,551,615");
}

TEST(TextLayout, MakesNumbersCompact) {
    const std::pair<std::uint64_t, const char*> goods[] = {
        {0, "0"},
        {9'999, "9,999"},
        {10'000, "10k"},
        {12'345, "12.3k"},
        {99'949, "99.9k"},
        {99'950, "100k"},
        {412'345, "412k"},
        {999'499, "999k"},
        {999'500, "1M"},
        {1'000'000, "1M"},
        {1'010'000, "1.01M"},
        {1'100'000, "1.1M"},
        {2'000'000'000, "2G"},
        {5'000'000'000'000, "5T"},
    };
    for (const auto& [number, text] : goods) EXPECT_EQ(compact(number), text);
}

TEST(TextLayout, SaysAllAndNothingOnlyWhereItIsExact) {
    const std::pair<double, const char*> goods[] = {
        {0, "0 %"},          {1e-9, "<0.01 %"},     {0.0001, "0.01 %"}, {0.0026, "0.26 %"},
        {0.00994, "0.99 %"}, {0.01, "1.0 %"},       {0.713, "71.3 %"},  {0.9994, "99.9 %"},
        {0.9999, "99.99 %"}, {0.99999, ">99.99 %"}, {1, "100 %"},
    };
    for (const auto& [share, text] : goods) EXPECT_EQ(percent(share), text);
}

TEST(TextLayout, DrawsBarsToAnEighth) {
    EXPECT_EQ(bar(0, 4, unicode), "    ");
    EXPECT_EQ(bar(1, 4, unicode), "████");
    EXPECT_EQ(bar(0.5, 4, unicode), "██  ");
    EXPECT_EQ(bar(0.53125, 4, unicode), "██▏ ");
    EXPECT_EQ(bar(0.96875, 4, unicode), "███▉");
    EXPECT_EQ(bar(2, 4, unicode), "████");
    EXPECT_EQ(bar(-1, 4, unicode), "    ");
    EXPECT_EQ(bar(0.6, 4, ascii), "##  ");
    EXPECT_EQ(bar(0.7, 4, ascii), "### ");
    for (double share = 0; share <= 1; share += 0.01) EXPECT_EQ(columns(bar(share, 7, unicode)), 7u);
}

TEST(TextLayout, CountsAndClipsColumns) {
    EXPECT_EQ(columns("310 µs"), 6u);
    EXPECT_EQ(clipped("310 µs", 6), "310 µs");
    EXPECT_EQ(clipped("310 µs", 5), "310 …");
    EXPECT_EQ(clipped("µµµµ", 3), "µµ…");
    EXPECT_EQ(clipped("abc", 1), "…");
    EXPECT_EQ(clipped("abc", 0), "");
    EXPECT_EQ(clipped("", 0), "");
}

TEST(TextLayout, WrapsParagraphs) {
    EXPECT_EQ(paragraph("one two three", 2, 9), "  one two\n  three\n");
    EXPECT_EQ(paragraph("  one   two ", 0, 80), "one two\n");
    EXPECT_EQ(paragraph("muchtoolong word", 1, 8), " muchto…\n word\n");
    EXPECT_EQ(paragraph("", 2, 9), "");
    EXPECT_EQ(paragraph("ab", 5, 3), "     …\n");
}

TEST(TextLayout, ReplacesWhatIsNotAsciiColumnByColumn) {
    const std::string text = "310 µs – a · b… ━╸─ é 漢";
    EXPECT_EQ(as_style(text, unicode), text);
    EXPECT_EQ(as_style(text, ascii), "310 us - a | b~ =-- ? ?");
    EXPECT_EQ(as_style("\x80\xff", ascii).size(), columns("\x80\xff"));  // broken UTF-8 does no harm
}

}  // namespace
}  // namespace hocket::load
