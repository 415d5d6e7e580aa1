// The client with nginx as its peer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "hocket/aio.hpp"
#include "hocket/http.hpp"
#include "http/error_of.hpp"
#include "nginx.hpp"

namespace hocket::http {
namespace {

using namespace std::chrono_literals;
using hocket::testing::Nginx;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

// One server for all tests: it takes a while to make its certificate.
Nginx& nginx() {
    static Nginx server(R"(
        root FOLDER; client_max_body_size 0; gzip_types text/plain; gzip_min_length 1;
        location = /hello { return 200 "hello"; }
        location = /who { return 200 "$connection"; }
        location = /what { return 200 "$request_method $args $http_x_key $http_authorization $http_cookie $content_type"; }
        location = /moved { return 301 /what; }
        location = /found { return 302 /what; }
        location = /other { return 303 /what; }
        location = /temporary { return 307 /what; }
        location = /circle { return 302 /circle; }
        location = /away { return 302 http://localhost:$server_port/what; }
        location = /nowhere-to-go { return 302 ftp://127.0.0.1/; }
        location = /packed { gzip on; return 200 "packed packed packed packed packed packed"; }
        location = /secret { auth_basic "test"; auth_basic_user_file FOLDER/users; alias FOLDER/treasure; }
        location = /cookie { add_header Set-Cookie "flavour=mint; Path=/"; return 200 "baked"; }
        location = /missing { return 404 "not here"; }
        location /files/ { alias FOLDER/; }
        location /empty { return 204; }
        )");
    return server;
}

class HttpClient : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        std::ofstream(nginx().path("users")) << "me:{PLAIN}open sesame\n";
        std::ofstream(nginx().path("treasure")) << "gold";
    }
};

TEST_F(HttpClient, GetsAResponse) {
    run([]() -> Task<void> {
        Client client;
        const Response response = co_await client.get(nginx().url("/hello"));
        EXPECT_EQ(response.status(), 200);
        EXPECT_EQ(response.body(), "hello");
        EXPECT_EQ(response.header("content-type"), "text/plain");
        const Response missing = co_await client.get(nginx().url("/missing"));
        EXPECT_EQ(missing.status(), 404);
        EXPECT_EQ(missing.body(), "not here");
        const Response empty = co_await client.get(nginx().url("/empty"));
        EXPECT_EQ(empty.status(), 204);
        EXPECT_EQ(empty.body(), "");
        EXPECT_EQ(client.active(), 0u);
    }());
}

TEST_F(HttpClient, SendsEachMethod) {
    run([]() -> Task<void> {
        Client client;
        const std::string url = nginx().url("/what");
        std::vector<std::string> answers;
        const Response head = co_await client.head(url);
        EXPECT_EQ(head.status(), 200);
        EXPECT_EQ(head.body(), "");
        EXPECT_THAT(head.header("Content-Length"), Not(IsEmpty()));
        const Response post = co_await client.post(url, "x");
        const Response put = co_await client.put(url, "x");
        const Response patch = co_await client.patch(url, Body::json("{}"));
        const Response del = co_await client.del(url);
        const Response other = co_await client.request("OPTIONS", url);
        const Response bare = co_await client.post(url);
        for (const Response* response : {&post, &put, &patch, &del, &other, &bare})
            answers.emplace_back(response->body());
        EXPECT_THAT(answers, ElementsAre("POST     ", "PUT     ", "PATCH     application/json", "DELETE     ",
                                         "OPTIONS     ", "POST     "));
    }());
}

TEST_F(HttpClient, SendsHeadersAndQueries) {
    run([]() -> Task<void> {
        Client client;
        const auto options = Options().header("X-Key", "k y").query("q", "a b&c").query("n", 7);
        const Response response = co_await client.get(nginx().url("/what?first=1"), options);
        EXPECT_EQ(response.body(), "GET first=1&q=a%20b%26c&n=7 k y   ");
        const auto token = Options().bearer("abc");
        const Response bearer = co_await client.get(nginx().url("/what"), token);
        EXPECT_EQ(bearer.body(), "GET   Bearer abc  ");
    }());
}

TEST_F(HttpClient, DefaultsHoldForAllRequests) {
    run([]() -> Task<void> {
        ClientOptions options;
        options.defaults.header("X-Key", "default").bearer("abc").query("all", "1");
        Client client(options);
        const Response plain = co_await client.get(nginx().url("/what"));
        EXPECT_EQ(plain.body(), "GET all=1 default Bearer abc  ");
        const auto own = Options().header("x-key", "own").basic_auth("me", "pw").query("q", 2);
        const Response replaced = co_await client.get(nginx().url("/what"), own);
        EXPECT_THAT(std::string(replaced.body()), StartsWith("GET all=1&q=2 own Basic "));
    }());
}

TEST_F(HttpClient, KeepsConnections) {
    run([]() -> Task<void> {
        Client client;
        std::set<std::string> connections;
        for (int i = 0; i < 20; ++i) {
            const Response response = co_await client.get(nginx().url("/who"));
            connections.emplace(response.body());
        }
        EXPECT_EQ(connections.size(), 1u);
    }());
}

TEST_F(HttpClient, OpensNoMoreConnectionsThanAllowed) {
    run([]() -> Task<void> {
        ClientOptions options;
        options.max_connections_per_host = 3;
        Client client(options);
        std::vector<Task<Response>> requests;
        for (int i = 0; i < 100; ++i) requests.push_back(client.get(nginx().url("/who")));
        const auto responses = co_await gather(std::move(requests));
        std::set<std::string> connections;
        for (const Response& response : responses) connections.emplace(response.body());
        EXPECT_LE(connections.size(), 3u);
        EXPECT_GE(connections.size(), 2u);
    }());
}

TEST_F(HttpClient, FollowsRedirects) {
    run([]() -> Task<void> {
        Client client;
        const auto key = Options().header("X-Key", "k").bearer("abc").header("Cookie", "a=b");
        const Response get = co_await client.get(nginx().url("/moved"), key);
        EXPECT_EQ(get.body(), "GET  k Bearer abc a=b ");
        const Response moved = co_await client.post(nginx().url("/moved"), Body::json("{}"));
        EXPECT_EQ(moved.body(), "GET     ");
        const Response put = co_await client.put(nginx().url("/found"), Body::json("{}"));
        EXPECT_EQ(put.body(), "PUT     application/json");
        const Response other = co_await client.del(nginx().url("/other"));
        EXPECT_EQ(other.body(), "GET     ");
        const Response temporary = co_await client.post(nginx().url("/temporary"), Body::json("{}"));
        EXPECT_EQ(temporary.body(), "POST     application/json");
        const auto none = Options().redirects(0);
        const Response itself = co_await client.get(nginx().url("/moved"), none);
        EXPECT_EQ(itself.status(), 301);
        ResponseStream stream = co_await client.stream("GET", nginx().url("/moved"));
        EXPECT_EQ(stream.url(), nginx().url("/what"));
    }());
}

TEST_F(HttpClient, TellsNoSecretsToAnotherOrigin) {
    run([]() -> Task<void> {
        Client client;
        const auto token = Options().header("X-Key", "k").header("Authorization", "s3cret").header("Cookie", "a=b");
        const Response away = co_await client.get(nginx().url("/away"), token);
        EXPECT_EQ(away.body(), "GET  k   ");
        const auto password = Options().basic_auth("me", "pw");
        const Response basic = co_await client.get(nginx().url("/away"), password);
        EXPECT_EQ(basic.body(), "GET     ");
    }());
}

TEST_F(HttpClient, RefusesRedirectsWithoutEnd) {
    run([]() -> Task<void> {
        Client client;
        const Error circle = co_await error_of(client.get(nginx().url("/circle")));
        EXPECT_EQ(circle.failure(), Failure::redirects);
        EXPECT_THAT(circle.what(), HasSubstr("more than 10 redirects"));
        const Error ftp = co_await error_of(client.get(nginx().url("/nowhere-to-go")));
        EXPECT_EQ(ftp.failure(), Failure::redirects);
        EXPECT_THAT(ftp.what(), HasSubstr("ftp://127.0.0.1/"));
    }());
}

TEST_F(HttpClient, Decompresses) {
    run([]() -> Task<void> {
        Client client;
        const Response packed = co_await client.get(nginx().url("/packed"));
        EXPECT_EQ(packed.header("Content-Encoding"), "gzip");
        EXPECT_EQ(packed.body(), "packed packed packed packed packed packed");
        const auto plain = Options().uncompressed();
        const Response unpacked = co_await client.get(nginx().url("/packed"), plain);
        EXPECT_EQ(unpacked.header("Content-Encoding"), "");
        EXPECT_EQ(unpacked.body(), packed.body());
    }());
}

TEST_F(HttpClient, GivesNameAndPassword) {
    run([]() -> Task<void> {
        Client client;
        const Response refused = co_await client.get(nginx().url("/secret"));
        EXPECT_EQ(refused.status(), 401);
        const auto known = Options().basic_auth("me", "open sesame");
        const Response let_in = co_await client.get(nginx().url("/secret"), known);
        EXPECT_EQ(let_in.status(), 200);
        EXPECT_EQ(let_in.body(), "gold");
    }());
}

TEST_F(HttpClient, KeepsCookies) {
    run([]() -> Task<void> {
        Client client;
        (void)co_await client.get(nginx().url("/cookie"));
        const Response sent = co_await client.get(nginx().url("/what"));
        EXPECT_EQ(sent.body(), "GET    flavour=mint ");
        const std::vector<Cookie> cookies = client.cookies();
        EXPECT_EQ(cookies.size(), 1u);
        EXPECT_EQ(cookies.at(0).name, "flavour");
        EXPECT_EQ(cookies.at(0).value, "mint");
        EXPECT_EQ(cookies.at(0).domain, "127.0.0.1");
        client.clear_cookies();
        EXPECT_TRUE(client.cookies().empty());
        const Response gone = co_await client.get(nginx().url("/what"));
        EXPECT_EQ(gone.body(), "GET     ");

        ClientOptions options;
        options.cookies = Cookies::ignore;
        Client forgetful(options);
        (void)co_await forgetful.get(nginx().url("/cookie"));
        const Response without = co_await forgetful.get(nginx().url("/what"));
        EXPECT_EQ(without.body(), "GET     ");
    }());
}

std::string large_file() {
    std::string content;
    for (int i = 0; content.size() < 8'000'000; ++i) content += std::to_string(i) + ",";
    std::ofstream(nginx().path("large")) << content;
    return content;
}

TEST_F(HttpClient, GetsLargeBodiesAndRanges) {
    const std::string content = large_file();
    run([](const std::string& expected) -> Task<void> {
        Client client;
        const Response whole = co_await client.get(nginx().url("/files/large"));
        EXPECT_TRUE(whole.body() == expected);
        const auto range = Options().header("Range", "bytes=1000-1999");
        const Response part = co_await client.get(nginx().url("/files/large"), range);
        EXPECT_EQ(part.status(), 206);
        EXPECT_EQ(part.body(), expected.substr(1000, 1000));
    }(content));
}

TEST_F(HttpClient, StreamsABody) {
    const std::string content = large_file();
    run([](const std::string& expected) -> Task<void> {
        Client client;
        ResponseStream stream = co_await client.stream("GET", nginx().url("/files/large"));
        EXPECT_EQ(stream.status(), 200);
        EXPECT_EQ(stream.header("content-length"), std::to_string(expected.size()));
        std::string all;
        std::size_t largest = 0;
        std::string piece = co_await stream.read();
        while (!piece.empty()) {
            largest = std::max(largest, piece.size());
            all += piece;
            piece = co_await stream.read();
        }
        EXPECT_TRUE(all == expected);
        EXPECT_LE(largest, 512u * 1024);
        const std::string end = co_await stream.read();
        EXPECT_EQ(end, "");
        EXPECT_EQ(client.active(), 0u);
    }(content));
}

TEST_F(HttpClient, AStreamThatIsDroppedEndsItsTransfer) {
    (void)large_file();
    run([]() -> Task<void> {
        Client client;
        {
            ResponseStream stream = co_await client.stream("GET", nginx().url("/files/large"));
            EXPECT_EQ(client.active(), 1u);
        }
        EXPECT_EQ(client.active(), 0u);
        const Response next = co_await client.get(nginx().url("/hello"));
        EXPECT_EQ(next.body(), "hello");
    }());
}

}  // namespace
}  // namespace hocket::http
