// The client against servers that misbehave, time limits, cancellation, and its own end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <vector>

#include "hocket/aio.hpp"
#include "hocket/http.hpp"
#include "http/error_of.hpp"
#include "scripted_server.hpp"

namespace hocket::http {
namespace {

using namespace std::chrono_literals;
using hocket::testing::ok;
using hocket::testing::ScriptedServer;
using hocket::testing::Visitor;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

Task<std::string> timeout_of(Task<Response> request) {
    try {
        const Response response = co_await std::move(request);
        ADD_FAILURE() << "it succeeded with " << response.status();
    } catch (const TimeoutError& error) {
        co_return error.what();
    }
    co_return "";
}

// Sends one response to every request.
hocket::testing::Script always(std::string response) {
    return [response](Visitor& visitor) -> Task<void> {
        std::string head = co_await visitor.read_head();
        while (!head.empty()) {
            co_await visitor.send(response);
            head = co_await visitor.read_head();
        }
    };
}

// Runs `body(client)` beside a server.
template <class Body>
void with(ScriptedServer& server, Body body, ClientOptions options = ClientOptions()) {
    const auto test = [&]() -> Task<void> {
        Client client(options);
        co_await timeout(20s, body(client));
    };
    run(server.during(test));
}

TEST(ClientFaults, ARefusedConnectionNamesTheHost) {
    run([]() -> Task<void> {
        Client client;
        const Error error = co_await error_of(client.get("http://me:secret@127.0.0.1:1/path?q"));
        EXPECT_EQ(error.failure(), Failure::connect);
        EXPECT_EQ(error.host(), "127.0.0.1");
        EXPECT_EQ(error.url(), "http://127.0.0.1:1/path?q");
        EXPECT_THAT(error.what(), StartsWith("hocket: GET http://127.0.0.1:1/path?q: "));
        EXPECT_THAT(error.what(), HasSubstr("Connection refused"));
        EXPECT_THAT(error.what(), Not(HasSubstr("secret")));
    }());
}

// While it lives, this process can open no further descriptor.
class NoDescriptorsLeft {
public:
    NoDescriptorsLeft() {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        const rlimit few{64, before_.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &few);
        for (int copy = ::dup(0); copy >= 0; copy = ::dup(0)) taken_.push_back(copy);
    }
    NoDescriptorsLeft(const NoDescriptorsLeft&) = delete;
    NoDescriptorsLeft& operator=(const NoDescriptorsLeft&) = delete;
    ~NoDescriptorsLeft() {
        for (const int copy : taken_) ::close(copy);
        ::setrlimit(RLIMIT_NOFILE, &before_);
    }

private:
    rlimit before_{};
    std::vector<int> taken_;
};

TEST(ClientFaults, WithoutDescriptorsARequestFailsAndTheNextSucceeds) {
    ScriptedServer server(always(ok("hello")));
    const auto body = [&](Client& client) -> Task<void> {
        {
            const NoDescriptorsLeft none;
            const Error error = co_await error_of(client.get(server.url("/")));
            EXPECT_THAT(error.what(), HasSubstr("127.0.0.1"));
        }
        const Response response = co_await client.get(server.url("/"));
        EXPECT_EQ(response.body(), "hello");
    };
    with(server, body);
}

TEST(ClientFaults, BadUrlsAreRefused) {
    run([]() -> Task<void> {
        Client client;
        for (const std::string url : {"", "http://", "ftp://127.0.0.1/", "file:///etc/passwd", "http://a:b:c/"}) {
            const Error error = co_await error_of(client.get(url));
            EXPECT_EQ(error.failure(), Failure::url) << url;
        }
    }());
}

TEST(ClientFaults, AnUnknownHostIsNamed) {
    run([]() -> Task<void> {
        Client client;
        const Error error = co_await error_of(client.get("http://no-such-host.invalid/"));
        EXPECT_EQ(error.failure(), Failure::resolve);
        EXPECT_EQ(error.host(), "no-such-host.invalid");
    }());
}

TEST(ClientFaults, AConnectionThatEndsEarlyIsAnError) {
    ScriptedServer server([](Visitor& visitor) -> Task<void> {
        const std::string head = co_await visitor.read_head();
        if (head.starts_with("GET /reset")) {
            co_await visitor.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nonly this");
            visitor.reset();
        } else if (head.starts_with("GET /short")) {
            co_await visitor.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
        } else if (head.starts_with("GET /chunk")) {
            co_await visitor.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
        }
    });
    with(server, [&](Client& client) -> Task<void> {
        for (const std::string target : {"/reset", "/short", "/chunk", "/nothing"}) {
            const Error error = co_await error_of(client.get(server.url(target)));
            EXPECT_EQ(error.failure(), Failure::connection) << target << ": " << error.what();
        }
    });
}

TEST(ClientFaults, WhatIsNoHttpIsAnError) {
    const std::vector<std::string> answers{
        "SSH-2.0-OpenSSH_9.2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot a size\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Encoding: gzip\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nBad Name: x\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -7\r\n\r\n",
    };
    for (const std::string& answer : answers) {
        ScriptedServer server([&](Visitor& visitor) -> Task<void> {
            (void)co_await visitor.read_head();
            co_await visitor.send(answer);
        });
        with(server, [&](Client& client) -> Task<void> {
            const Error error = co_await error_of(client.get(server.url()));
            EXPECT_TRUE(error.failure() == Failure::response || error.failure() == Failure::connection) << error.what();
        });
    }
}

TEST(ClientFaults, EndlessHeadersAndBodiesAreCutOff) {
    ScriptedServer server([](Visitor& visitor) -> Task<void> {
        const std::string head = co_await visitor.read_head();
        co_await visitor.send("HTTP/1.1 200 OK\r\n");
        const bool body = head.starts_with("GET /body");
        if (body) co_await visitor.send("\r\n");
        const std::string line = "X-Line: " + std::string(1000, 'x') + "\r\n";
        for (;;) co_await visitor.send(line);
    });
    with(server, [&](Client& client) -> Task<void> {
        const auto limited = Options().max_body(100'000);
        const Error body = co_await error_of(client.get(server.url("/body"), limited));
        EXPECT_EQ(body.failure(), Failure::too_large);
        EXPECT_THAT(body.what(), HasSubstr("larger than 100000 bytes"));
        const Error head = co_await error_of(client.get(server.url("/head")));
        EXPECT_EQ(head.failure(), Failure::response) << head.what();
    });
}

AsyncGenerator<std::string> same_piece_for_ever() {
    for (;;) {
        std::string piece(64'000, 'x');
        co_yield std::move(piece);
    }
}

TEST(ClientFaults, TimeLimits) {
    ScriptedServer server([](Visitor& visitor) -> Task<void> {
        const std::string head = co_await visitor.read_head();
        if (head.starts_with("GET /begun")) co_await visitor.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
        co_await visitor.until_gone();
    });
    with(server, [&](Client& client) -> Task<void> {
        const auto total = Options().timeout(50ms);
        const std::string silent = co_await timeout_of(client.get(server.url(), total));
        EXPECT_EQ(silent, "hocket: GET " + server.url() + ": no response within 0.05 s");
        const std::string begun = co_await timeout_of(client.get(server.url("/begun"), total));
        EXPECT_THAT(begun, HasSubstr("no response within 0.05 s"));
        const auto first = Options().first_byte_timeout(50ms);
        const std::string slow = co_await timeout_of(client.get(server.url(), first));
        EXPECT_THAT(slow, HasSubstr("no response has begun within 0.05 s"));
        // Also while the body is still being sent.
        Body endless(same_piece_for_ever());
        const std::string sending = co_await timeout_of(client.post(server.url(), std::move(endless), first));
        EXPECT_THAT(sending, HasSubstr("no response has begun within 0.05 s"));
        EXPECT_EQ(client.active(), 0u);
    });
}

TEST(ClientFaults, AnUnansweredConnectionTimesOut) {
    // A full queue of connections: more are not answered.
    Listener full = Listener::bind("127.0.0.1", 0, [] {
        ListenOptions options;
        options.backlog = 0;
        return options;
    }());
    run([](std::uint16_t port) -> Task<void> {
        const Socket fills = co_await Socket::async_connect("127.0.0.1", port);
        Client client;
        const auto options = Options().connect_timeout(100ms);
        const std::string text =
            co_await timeout_of(client.get("http://127.0.0.1:" + std::to_string(port) + "/", options));
        EXPECT_THAT(text, HasSubstr("no connection"));
    }(full.port()));
}

TEST(ClientFaults, CancellationClosesTheConnectionAtOnce) {
    Event arrived, gone;
    ScriptedServer server([&](Visitor& visitor) -> Task<void> {
        (void)co_await visitor.read_head();
        arrived.set();
        co_await visitor.until_gone();
        gone.set();
    });
    with(server, [&](Client& client) -> Task<void> {
        Future<Response> request = create_task(client.get(server.url()));
        co_await arrived.async_wait();
        request.cancel();
        bool cancelled = false;
        try {
            (void)co_await request;
        } catch (const CancelledError&) {
            cancelled = true;
        }
        EXPECT_TRUE(cancelled);
        EXPECT_EQ(client.active(), 0u);
        co_await gone.async_wait();
    });
}

TEST(ClientFaults, ADestroyedClientEndsItsRequests) {
    Event arrived, gone;
    ScriptedServer server([&](Visitor& visitor) -> Task<void> {
        (void)co_await visitor.read_head();
        arrived.set();
        co_await visitor.until_gone();
        gone.set();
    });
    const auto test = [&]() -> Task<void> {
        ClientOptions options;
        options.max_connections = 1;
        auto client = std::make_unique<Client>(options);
        Task<Response> late = client->get(server.url());
        Future<Error> request = create_task(error_of(client->get(server.url())));
        Future<Response> waiting = create_task(client->get(server.url()));
        co_await arrived.async_wait();
        client.reset();
        const Error error = co_await request;
        EXPECT_EQ(error.failure(), Failure::client_ended);
        EXPECT_THAT(error.what(), HasSubstr("was destroyed"));
        int refused = 0;
        try {
            (void)co_await waiting;
        } catch (const InvalidStateError&) {
            ++refused;
        }
        try {
            (void)co_await std::move(late);
        } catch (const InvalidStateError&) {
            ++refused;
        }
        EXPECT_EQ(refused, 2);
        co_await gone.async_wait();
    };
    run(server.during(test));
}

TEST(ClientFaults, AClientBelongsToOneLoop) {
    ScriptedServer server(always(ok("fine")));
    Client client;
    std::string text;
    const auto use = [&]() -> Task<void> { (void)co_await client.get(server.url()); };
    run(server.during(use));
    try {
        run(use());
    } catch (const InvalidStateError& error) {
        text = error.what();
    }
    EXPECT_THAT(text, HasSubstr("the event loop of this http::Client has ended"));

    Client other;
    const auto use_other = [&]() -> Task<void> {
        (void)co_await other.get(server.url());
        LoopThread thread;
        Future<Response> elsewhere = thread.submit(other.get(server.url()));
        try {
            (void)co_await std::move(elsewhere);
        } catch (const InvalidStateError& error) {
            text = error.what();
        }
    };
    run(server.during(use_other));
    EXPECT_THAT(text, HasSubstr("belongs to another event loop"));
}

TEST(ClientFaults, AStreamMayOutliveItsLoop) {
    ScriptedServer server([](Visitor& visitor) -> Task<void> {
        (void)co_await visitor.read_head();
        co_await visitor.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
        co_await visitor.until_gone();
    });
    std::optional<ResponseStream> stream;
    Client client;
    const auto open = [&]() -> Task<void> { stream.emplace(co_await client.stream("GET", server.url())); };
    run(server.during(open));
    EXPECT_EQ(stream->status(), 200);
}

TEST(ClientFaults, RequestsWorkInShieldedCleanUpOfACancelledTask) {
    ScriptedServer server(always(ok("fine")));
    int status = 0;
    with(server, [&](Client& client) -> Task<void> {
        const auto clean_up = [&]() -> Task<void> {
            const Response response = co_await client.del(server.url());
            status = response.status();
        };
        Future<void> task = create_task(finally(sleep(1h), clean_up));
        co_await yield_now();
        task.cancel();
        try {
            co_await task;
        } catch (const CancelledError&) {
        }
    });
    EXPECT_EQ(status, 200);
}

}  // namespace
}  // namespace hocket::http
