#include "hocket/http/headers.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace hocket::http {
namespace {

TEST(Headers, AreFoundWhateverTheirCase) {
    Headers headers;
    headers.add("Content-Type", "text/html");
    EXPECT_EQ(headers.get("content-type"), "text/html");
    EXPECT_EQ(headers.get("CONTENT-TYPE"), "text/html");
    EXPECT_TRUE(headers.contains("Content-type"));
    EXPECT_FALSE(headers.contains("Content-Typ"));
    EXPECT_EQ(headers.get("Content-Typ"), "");
}

TEST(Headers, KeepTheirOrderAndTheirRepetitions) {
    Headers headers;
    headers.add("A", "1");
    headers.add("B", "2");
    headers.add("a", "3");
    ASSERT_EQ(headers.size(), 3u);
    std::string all;
    for (const HeaderField field : headers) all.append(field.name).append("=").append(field.value).append(" ");
    EXPECT_EQ(all, "A=1 B=2 a=3 ");
    EXPECT_EQ(headers.get("a"), "1");
    EXPECT_EQ(headers.remove("A"), 2u);
    EXPECT_EQ(headers.size(), 1u);
    EXPECT_EQ(headers[0].name, "B");
}

TEST(Headers, SetReplacesAllOfThatName) {
    Headers headers;
    headers.add("A", "1");
    headers.add("a", "2");
    headers.set("A", headers.get("a"));
    ASSERT_EQ(headers.size(), 1u);
    EXPECT_EQ(headers.get("A"), "1");
    headers.set("B", "");
    EXPECT_TRUE(headers.contains("B"));
}

TEST(Headers, ACopyIsIndependent) {
    Headers headers;
    headers.add("A", "1");
    const Headers copy = headers;
    headers.set("A", "2");
    EXPECT_EQ(copy.get("A"), "1");
}

TEST(Headers, RefuseWhatWouldMakeFieldsOfItsOwn) {
    Headers headers;
    EXPECT_THROW(headers.add("A", "1\r\nEvil: yes"), std::invalid_argument);
    EXPECT_THROW(headers.add("A", "1\nEvil: yes"), std::invalid_argument);
    EXPECT_THROW(headers.add("A", "1\r"), std::invalid_argument);
    EXPECT_THROW(headers.add("A", std::string_view("1\0", 2)), std::invalid_argument);
    EXPECT_THROW(headers.add("A: 1\r\nB", "2"), std::invalid_argument);
    EXPECT_THROW(headers.add("", "2"), std::invalid_argument);
    EXPECT_THROW(headers.add("A ", "2"), std::invalid_argument);
    EXPECT_THROW(headers.set("A\xc3\xa4", "2"), std::invalid_argument);
    EXPECT_TRUE(headers.empty());
    EXPECT_NO_THROW(headers.add("X_a.b~1", "any text, \"quoted\"\t\xc3\xa4"));
}

}  // namespace
}  // namespace hocket::http
