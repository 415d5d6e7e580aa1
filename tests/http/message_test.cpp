#include "hocket/http/message.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace hocket::http {
namespace {

TEST(Response, HasWhatItsFactorySays) {
    const Response text = Response::text(200, "hello");
    EXPECT_EQ(text.status(), 200);
    EXPECT_EQ(text.body(), "hello");
    EXPECT_EQ(text.header("content-type"), "text/plain; charset=utf-8");
    const Response json = Response::json(403, std::string(R"({"error":"wrong key"})"));
    EXPECT_EQ(json.status(), 403);
    EXPECT_EQ(json.header("Content-Type"), "application/json");
    const Response empty = Response::empty(204);
    EXPECT_EQ(empty.body(), "");
    EXPECT_EQ(empty.header("Content-Type"), "");
    const Response other(200, "<p>", "text/html");
    EXPECT_EQ(other.header("Content-Type"), "text/html");
    const auto body = std::make_shared<const std::string>("shared");
    const Response shared = Response::shared(201, body, "text/css");
    EXPECT_EQ(shared.body().data(), body->data());
    const Response shared_text = Response::text(200, body);
    EXPECT_EQ(shared_text.body().data(), body->data());
    EXPECT_EQ(shared_text.header("Content-Type"), text.header("Content-Type"));
    EXPECT_EQ(Response().status(), 200);
}

TEST(Response, TakesHeaderFields) {
    Response response = Response::text(200, std::string_view("x"));
    response.set_header("X-A", "1").add_header("x-a", "2").set_header("Content-Type", "text/css");
    EXPECT_EQ(response.header("X-A"), "1");
    EXPECT_EQ(response.headers().size(), 3u);
    EXPECT_EQ(response.header("content-type"), "text/css");
    response.add_header("content-type", "text/html");
    EXPECT_EQ(response.header("content-type"), "text/html");
    EXPECT_EQ(response.headers().size(), 3u);
}

TEST(Response, RefusesWhatWouldBreakItsForm) {
    Response response;
    EXPECT_THROW(response.set_header("X", "a\r\nSet-Cookie: b"), std::invalid_argument);
    EXPECT_THROW(response.add_header("X\r\n", "a"), std::invalid_argument);
    EXPECT_THROW(response.set_header("content-length", "5"), std::invalid_argument);
    EXPECT_THROW(response.add_header("Transfer-Encoding", "chunked"), std::invalid_argument);
    EXPECT_THROW(response.set_header("Connection", "close"), std::invalid_argument);
    EXPECT_THROW(Response(200, "", "text/html\n"), std::invalid_argument);
    EXPECT_THROW(Response::empty(101), std::invalid_argument);
    EXPECT_THROW(Response::empty(1000), std::invalid_argument);
    EXPECT_THROW(Response::shared(200, nullptr, "text/html"), std::invalid_argument);
    EXPECT_THROW(response.chunked(0), std::invalid_argument);
    EXPECT_EQ(response.headers().size(), 0u);
}

TEST(Response, KnowsItsReason) {
    EXPECT_EQ(reason_phrase(200), "OK");
    EXPECT_EQ(reason_phrase(431), "Request Header Fields Too Large");
    EXPECT_EQ(reason_phrase(299), "Unknown");
}

}  // namespace
}  // namespace hocket::http
