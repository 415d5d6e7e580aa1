// Transfers that do not wait: what they find, what they do not, and that nothing stays unseen for ever.
#include <optional>

#include "net/net_fixture.hpp"

namespace hocket::test {
namespace {

class SocketTryTest : public OnBothBackends {
protected:
    // Each test runs with connections of both kinds, made in every way there is.
    template <class Body>
    void run_with_each(Body body) {
        run([&]() -> Task<void> {
            for (const Kind kind : {Kind::tcp, Kind::unix_domain}) {
                Sockets pair = co_await connected(kind);
                co_await body(pair.first, pair.second);
                Sockets other_way = co_await connected(kind);
                co_await body(other_way.second, other_way.first);
            }
            const Listener listener =
                Listener::bind(Address::unix_path(std::string("\0hocket-try-", 12) + std::to_string(::getpid())));
            Socket client = co_await Socket::async_connect(listener.local_address());
            Socket server = co_await listener.async_accept();
            co_await body(client, server);
            Socket second_client = co_await Socket::async_connect(listener.local_address());
            Socket second_server = co_await listener.async_accept();
            co_await body(second_server, second_client);
        });
    }
};
HOCKET_ON_BOTH_BACKENDS(SocketTryTest);

TEST_P(SocketTryTest, FindsWhatIsThereAndWhatComesLater) {
    run_with_each([](Socket& client, Socket& server) -> Task<void> {
        char data[100];
        EXPECT_EQ(server.try_recv(data), std::nullopt);
        for (const std::string text : {"first", "second", "third"}) {
            const std::optional<std::size_t> sent = client.try_send(text);
            EXPECT_EQ(sent, text.size());
            const std::size_t size = co_await poll_until([&] { return server.try_recv(data); });
            EXPECT_EQ(std::string_view(data, size), text);
            EXPECT_EQ(server.try_recv(data), std::nullopt);
        }
        client.close();
        for (int i = 0; i < 3; ++i) {
            const std::size_t size = co_await poll_until([&] { return server.try_recv(data); });
            EXPECT_EQ(size, 0u) << "the end of the stream";
        }
    });
}

TEST_P(SocketTryTest, TakesItInPartsAndWaitsForTheRest) {
    run_with_each([](Socket& client, Socket& server) -> Task<void> {
        co_await client.async_send("0123456789");
        std::string received;
        char data[4];
        while (received.size() < 10) {
            const std::size_t size = co_await poll_until([&] { return server.try_recv(data); });
            received.append(data, size);
        }
        EXPECT_EQ(received, "0123456789");
        EXPECT_EQ(server.try_recv(data), std::nullopt);
        Future<std::string> waiting = create_task(receive(server));
        co_await settle();
        EXPECT_FALSE(waiting.done());
        co_await client.async_send("later");
        const std::string later = co_await waiting;
        EXPECT_EQ(later, "later");
    });
}

// A short read says that there is nothing left, but not that nothing will come.
TEST_P(SocketTryTest, AShortReadHidesNothingThatComesLater) {
    run_with_each([](Socket& client, Socket& server) -> Task<void> {
        char data[100];
        for (int i = 0; i < 20; ++i) {
            co_await client.async_send("short");
            co_await server.async_wait_readable();
            EXPECT_EQ(server.try_recv(data), 5u);
            co_await client.async_send("and more");
            if (i % 2 == 0) {
                const std::string more = co_await receive(server);
                EXPECT_EQ(more, "and more");
            } else {
                const std::size_t size = co_await poll_until([&] { return server.try_recv(data); });
                EXPECT_EQ(std::string_view(data, size), "and more");
            }
        }
    });
}

TEST_P(SocketTryTest, TheEndIsFoundAfterAShortRead) {
    run_with_each([](Socket& client, Socket& server) -> Task<void> {
        char data[100];
        co_await client.async_send("last");
        co_await server.async_wait_readable();
        client.close();
        const std::size_t size = co_await poll_until([&] { return server.try_recv(data); });
        EXPECT_EQ(std::string_view(data, size), "last");
        co_await server.async_wait_readable();
        const std::size_t end = co_await poll_until([&] { return server.try_recv(data); });
        EXPECT_EQ(end, 0u);
    });
}

TEST_P(SocketTryTest, SendsWhatThereIsRoomFor) {
    run_with_each([](Socket& client, Socket& server) -> Task<void> {
        const std::string message = pattern(20'000'000);
        std::size_t sent = 0;
        while (const std::optional<std::size_t> part = client.try_send(std::string_view(message).substr(sent))) {
            EXPECT_GT(*part, 0u);
            sent += *part;
        }
        EXPECT_GT(sent, 0u);
        EXPECT_LT(sent, message.size());
        EXPECT_EQ(client.try_send("x"), std::nullopt);

        // Room is noticed when it is made.
        std::string received;
        while (received.size() < sent) received += co_await receive(server, 1'000'000);
        EXPECT_TRUE(message.starts_with(received));
        const std::size_t last = co_await poll_until([&] { return client.try_send("x"); });
        EXPECT_EQ(last, 1u);
        const std::string x = co_await receive(server);
        EXPECT_EQ(x, "x");
    });
}

TEST_P(SocketTryTest, DiscardsWithoutTouchingABuffer) {
    run([]() -> Task<void> {
        Sockets pair = co_await connected(Kind::tcp);
        const auto& [client, server] = pair;
        EXPECT_EQ(server.try_discard(1000), std::nullopt);
        const std::string message = pattern(300'000);
        for (int round = 0; round < 3; ++round) {
            Future<std::size_t> sender = create_task(send(client, message + "tail"));
            std::size_t discarded = 0;
            while (discarded < message.size()) {
                const std::size_t left = message.size() - discarded;
                discarded += co_await poll_until([&] { return server.try_discard(left); });
            }
            EXPECT_EQ(discarded, message.size());
            std::string tail;
            while (tail.size() < 4) tail += co_await receive(server);
            EXPECT_EQ(tail, "tail") << "more was thrown away than asked for";
            co_await sender;
        }
        client.shutdown_send();
        const std::size_t end = co_await poll_until([&] { return server.try_discard(1000); });
        EXPECT_EQ(end, 0u);
    });
}

TEST_P(SocketTryTest, SaysWhatWentWrong) {
    run([]() -> Task<void> {
        auto [client, server] = co_await connected(Kind::tcp);
        char data[10];
        EXPECT_EQ(server.try_recv(data), std::nullopt);
        reset(client);
        try {
            co_await poll_until([&] { return server.try_recv(data); });
            ADD_FAILURE() << "received from a connection that was reset";
        } catch (const std::system_error& error) {
            EXPECT_EQ(error.code(), std::errc::connection_reset);
            EXPECT_STREQ(error.what(), "receive: Connection reset by peer");
        }
        try {
            co_await poll_until([&] { return server.try_send("x"); });
            ADD_FAILURE() << "sent to a connection that was reset";
        } catch (const std::system_error& error) {
            EXPECT_EQ(error.code(), std::errc::broken_pipe);
            EXPECT_STREQ(error.what(), "send: Broken pipe");
        }
    });
}

TEST_P(SocketTryTest, NeedsARunningLoop) {
    EventLoop loop(options());
    Sockets pair = loop.run_until_complete(connected(Kind::tcp));
    char data[10];
    EXPECT_THROW((void)pair.first.try_recv(data), InvalidStateError);
    EXPECT_THROW((void)pair.first.try_discard(1), InvalidStateError);
    EXPECT_THROW((void)pair.first.try_send("x"), InvalidStateError);
}

}  // namespace
}  // namespace hocket::test
