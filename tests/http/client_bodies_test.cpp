// Bodies in pieces, both ways, and retries.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "hocket/aio.hpp"
#include "hocket/http.hpp"
#include "scripted_server.hpp"

namespace hocket::http {
namespace {

using namespace std::chrono_literals;
using hocket::testing::ok;
using hocket::testing::ScriptedServer;
using hocket::testing::Visitor;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

template <class Body>
void with(ScriptedServer& server, Body body, ClientOptions options = ClientOptions()) {
    const auto test = [&]() -> Task<void> {
        Client client(options);
        co_await timeout(20s, body(client));
    };
    run(server.during(test));
}

AsyncGenerator<std::string> numbers(int count, bool* closed) {
    try {
        for (int i = 0; i < count; ++i) {
            co_await yield_now();
            std::string piece = std::to_string(i) + ";";
            co_yield std::move(piece);
        }
    } catch (const GeneratorExit&) {
        *closed = true;
        throw;
    }
}

TEST(ClientBodies, SendsPiecesInChunks) {
    std::string seen;
    ScriptedServer server([&](Visitor& visitor) -> Task<void> {
        seen = co_await visitor.read_head();
        const std::string body = co_await visitor.read_through("\r\n0\r\n\r\n");
        co_await visitor.send(ok(body));
    });
    with(server, [&](Client& client) -> Task<void> {
        bool closed = false;
        const Response response = co_await client.post(server.url(), numbers(3, &closed));
        EXPECT_EQ(response.body(), "2\r\n0;\r\n2\r\n1;\r\n2\r\n2;\r\n0\r\n\r\n");
        EXPECT_FALSE(closed);
    });
    EXPECT_THAT(seen, HasSubstr("POST / HTTP/1.1\r\n"));
    EXPECT_THAT(seen, HasSubstr("Transfer-Encoding: chunked\r\n"));
    EXPECT_THAT(seen, Not(HasSubstr("Expect:")));
}

TEST(ClientBodies, SendsPiecesOfAKnownSize) {
    std::string seen;
    ScriptedServer server([&](Visitor& visitor) -> Task<void> {
        seen = co_await visitor.read_head();
        const std::string body = co_await visitor.read_exactly(6);
        co_await visitor.send(ok(body));
    });
    with(server, [&](Client& client) -> Task<void> {
        bool closed = false;
        Body sized(numbers(3, &closed), 6);
        const Response response = co_await client.put(server.url(), std::move(sized));
        EXPECT_EQ(response.body(), "0;1;2;");
        for (const std::uint64_t wrong : {5, 7}) {
            Body lies(numbers(3, &closed), wrong);
            bool refused = false;
            try {
                (void)co_await client.put(server.url(), std::move(lies));
            } catch (const std::length_error&) {
                refused = true;
            }
            EXPECT_TRUE(refused) << wrong;
        }
    });
    EXPECT_THAT(seen, HasSubstr("PUT / HTTP/1.1\r\n"));
    EXPECT_THAT(seen, HasSubstr("Content-Length: "));
}

TEST(ClientBodies, AnAnswerBeforeTheEndClosesTheGenerator) {
    ScriptedServer server([](Visitor& visitor) -> Task<void> {
        (void)co_await visitor.read_head();
        co_await visitor.send("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    });
    with(server, [&](Client& client) -> Task<void> {
        bool closed = false;
        const auto endless = [](bool* noticed) -> AsyncGenerator<std::string> {
            try {
                for (;;) {
                    co_yield std::string(1000, 'x');
                    co_await sleep(1ms);
                }
            } catch (const CancelledError&) {
                *noticed = true;
                throw;
            } catch (const GeneratorExit&) {
                *noticed = true;
                throw;
            }
        };
        try {
            const Response response = co_await client.post(server.url(), endless(&closed));
            EXPECT_EQ(response.status(), 413);
        } catch (const Error& error) {  // the reset may overtake the answer
            EXPECT_EQ(error.failure(), Failure::connection);
        }
        EXPECT_TRUE(closed);
    });
}

TEST(ClientBodies, AFailureOfTheGeneratorIsTheRequests) {
    ScriptedServer server([](Visitor& visitor) -> Task<void> { co_await visitor.until_gone(); });
    with(server, [&](Client& client) -> Task<void> {
        const auto fails = []() -> AsyncGenerator<std::string> {
            co_yield std::string("a piece");
            throw std::domain_error("no more");
        };
        std::string text;
        try {
            (void)co_await client.post(server.url(), fails());
        } catch (const std::domain_error& error) {
            text = error.what();
        }
        EXPECT_EQ(text, "no more");
        EXPECT_EQ(client.active(), 0u);
    });
}

TEST(ClientBodies, PiecesGoBothWaysAtOnce) {
    constexpr int kPieces = 2000;
    ScriptedServer server([](Visitor& visitor) -> Task<void> {
        (void)co_await visitor.read_head();
        co_await visitor.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        std::string chunk;
        do {
            chunk = co_await visitor.read_through("\r\n");
            chunk += co_await visitor.read_through("\r\n");
            co_await visitor.send(chunk);
        } while (!chunk.starts_with("0\r\n"));
    });
    with(server, [&](Client& client) -> Task<void> {
        const auto pieces = []() -> AsyncGenerator<std::string> {
            for (int i = 0; i < kPieces; ++i) co_yield std::string(1000, 'p');
        };
        ResponseStream stream = co_await client.stream("POST", server.url(), pieces());
        const std::string all = co_await stream.read_all();
        EXPECT_TRUE(all == std::string(kPieces * 1000, 'p')) << all.size();
    });
}

TEST(ClientBodies, WhatIsNotReadIsNotSent) {
    std::size_t sent = 0;
    Event stuck;
    ScriptedServer server([&](Visitor& visitor) -> Task<void> {
        (void)co_await visitor.read_head();
        co_await visitor.send("HTTP/1.1 200 OK\r\nContent-Length: 64000000\r\n\r\n");
        const std::string piece(64'000, 'b');
        for (int i = 0; i < 1000; ++i) {
            auto sending = race(visitor.send(piece), sleep(200ms));
            const auto first = co_await std::move(sending);
            if (first.index() == 1) {
                stuck.set();
                co_return;
            }
            sent += piece.size();
        }
    });
    with(server, [&](Client& client) -> Task<void> {
        ResponseStream stream = co_await client.stream("GET", server.url());
        co_await stuck.async_wait();
        EXPECT_LT(sent, 40'000'000u);
        EXPECT_EQ(stream.status(), 200);
        std::string piece = co_await stream.read();
        std::size_t received = 0;
        bool cut_off = false;
        try {
            while (!piece.empty()) {
                received += piece.size();
                piece = co_await stream.read();
            }
        } catch (const Error&) {  // the server gave up
            cut_off = true;
        }
        EXPECT_TRUE(cut_off);
        EXPECT_GE(received, sent);
    });
}

TEST(ClientBodies, TheHeadComesBeforeTheBody) {
    Event read_head;
    ScriptedServer server([&](Visitor& visitor) -> Task<void> {
        (void)co_await visitor.read_head();
        co_await visitor.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Early: yes\r\n\r\n");
        co_await read_head.async_wait();
        co_await visitor.send("later");
    });
    with(server, [&](Client& client) -> Task<void> {
        ResponseStream stream = co_await client.stream("GET", server.url());
        EXPECT_EQ(stream.header("x-early"), "yes");
        read_head.set();
        const std::string body = co_await stream.read_all();
        EXPECT_EQ(body, "later");
    });
}

TEST(ClientBodies, ACancelledReadLosesNothing) {
    Event go_on;
    ScriptedServer server([&](Visitor& visitor) -> Task<void> {
        (void)co_await visitor.read_head();
        co_await visitor.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
        co_await go_on.async_wait();
        co_await visitor.send("whole");
    });
    with(server, [&](Client& client) -> Task<void> {
        ResponseStream stream = co_await client.stream("GET", server.url());
        bool late = false;
        try {
            (void)co_await timeout(5ms, stream.read());
        } catch (const TimeoutError&) {
            late = true;
        }
        EXPECT_TRUE(late);
        go_on.set();
        const std::string body = co_await stream.read_all();
        EXPECT_EQ(body, "whole");
    });
}

// ---- retries

// Fails the first requests of each method, then answers how many there were.
ScriptedServer failing(int failures, std::string failure, std::vector<std::string>* seen) {
    return ScriptedServer([=](Visitor& visitor) -> Task<void> {
        const std::string head = co_await visitor.read_head();
        seen->push_back(head.substr(0, head.find(' ')));
        const bool fails = static_cast<int>(seen->size()) <= failures;
        const std::string answer = fails ? failure : ok(std::to_string(seen->size()), "Connection: close\r\n");
        co_await visitor.send(answer);
    });
}

Options patient(int times) { return Options().retry(Retry(times).backoff(1ms, 5ms)); }

TEST(ClientRetries, UntilItSucceeds) {
    std::vector<std::string> seen;
    ScriptedServer server = failing(2, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", &seen);
    with(server, [&](Client& client) -> Task<void> {
        const Response response = co_await client.get(server.url(), patient(3));
        EXPECT_EQ(response.body(), "3");
    });
    EXPECT_THAT(seen, ElementsAre("GET", "GET", "GET"));
}

TEST(ClientRetries, AsOftenAsAllowed) {
    std::vector<std::string> seen;
    ScriptedServer server = failing(9, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", &seen);
    with(server, [&](Client& client) -> Task<void> {
        const Response response = co_await client.get(server.url(), patient(2));
        EXPECT_EQ(response.status(), 503);
    });
    EXPECT_EQ(seen.size(), 3u);
}

TEST(ClientRetries, AfterAnEarlyEnd) {
    std::vector<std::string> seen;
    ScriptedServer server = failing(1, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this", &seen);
    with(server, [&](Client& client) -> Task<void> {
        const Response response = co_await client.get(server.url(), patient(1));
        EXPECT_EQ(response.body(), "2");
    });
}

TEST(ClientRetries, OnlyWhatMayBeRepeated) {
    std::vector<std::string> seen;
    ScriptedServer server = failing(9, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", &seen);
    with(server, [&](Client& client) -> Task<void> {
        const Response post = co_await client.post(server.url(), "", patient(2));
        EXPECT_EQ(post.status(), 503);
        EXPECT_EQ(seen.size(), 1u);
        const auto any = Options().retry(Retry(1).methods({"POST"}).backoff(1ms, 1ms));
        const Response allowed = co_await client.post(server.url(), "", any);
        EXPECT_EQ(allowed.status(), 503);
        EXPECT_EQ(seen.size(), 3u);
    });
}

TEST(ClientRetries, TheServerSaysWhen) {
    std::vector<std::string> seen;
    ScriptedServer server =
        failing(1, "HTTP/1.1 429 Slow\r\nContent-Length: 0\r\nConnection: close\r\nRetry-After: 1\r\n\r\n", &seen);
    with(server, [&](Client& client) -> Task<void> {
        // Longer than the longest pause: it is not worth the wait.
        const Response refused = co_await client.get(server.url(), patient(2));
        EXPECT_EQ(refused.status(), 429);
        seen.clear();
        const auto options = Options().retry(Retry(2).backoff(1ms, 2s));
        const auto begin = std::chrono::steady_clock::now();
        const Response response = co_await client.get(server.url(), options);
        EXPECT_EQ(response.body(), "2");
        EXPECT_GE(std::chrono::steady_clock::now() - begin, 1s);
    });
}

}  // namespace
}  // namespace hocket::http
