// Sending, receiving, ends and errors of connections.
#include "hocket/net/socket.hpp"

#include <netinet/tcp.h>

#include "net/net_fixture.hpp"

namespace hocket::test {
namespace {

class SocketTest : public OnBothBackends {};
HOCKET_ON_BOTH_BACKENDS(SocketTest);

TEST_P(SocketTest, SendsAndReceives) {
    run([]() -> Task<void> {
        for (const Kind kind : {Kind::tcp, Kind::unix_domain}) {
            Sockets pair = co_await connected(kind);
            const auto& [client, server] = pair;
            for (int i = 0; i < 3; ++i) {
                const std::size_t sent = co_await client.async_send("ping");
                EXPECT_EQ(sent, 4u);
                const std::string ping = co_await receive(server);
                EXPECT_EQ(ping, "ping");
                Future<std::string> waiting = create_task(receive(client));
                co_await settle();
                EXPECT_FALSE(waiting.done());
                co_await server.async_send("pong");
                const std::string pong = co_await waiting;
                EXPECT_EQ(pong, "pong");
            }
        }
    });
}

TEST_P(SocketTest, EchoesMoreThanFitsIntoTheConnection) {
    run([]() -> Task<void> {
        for (const Kind kind : {Kind::tcp, Kind::unix_domain}) {
            auto [client, server] = co_await connected(kind);
            Future<void> echoing = create_task(echo(std::move(server)));
            for (const std::size_t size : {std::size_t{1}, std::size_t{100'000}, std::size_t{16'000'000}}) {
                const std::string message = pattern(size);
                Future<std::size_t> sender = create_task(send(client, message));
                std::string answer;
                while (answer.size() < size) {
                    const std::string part = co_await receive(client, 100'000);
                    EXPECT_FALSE(part.empty());
                    if (part.empty()) break;
                    answer += part;
                }
                EXPECT_TRUE(answer == message) << size << " bytes came back changed";
                const std::size_t sent = co_await sender;
                EXPECT_EQ(sent, size);
            }
            client.shutdown_send();
            co_await echoing;
        }
    });
}

TEST_P(SocketTest, NothingIsTransferredAtOnce) {
    run([]() -> Task<void> {
        auto [client, server] = co_await connected(Kind::tcp);
        const std::size_t received = co_await client.async_recv(std::span<char>());
        EXPECT_EQ(received, 0u);
        const std::size_t sent = co_await client.async_send("");
        EXPECT_EQ(sent, 0u);
    });
}

TEST_P(SocketTest, ASendWaitsForTheReceiver) {
    run([]() -> Task<void> {
        for (const Kind kind : {Kind::tcp, Kind::unix_domain}) {
            auto [client, server] = co_await connected(kind);
            const std::string message = pattern(20'000'000);
            Future<std::size_t> sender = create_task(send(client, message));
            for (int i = 0; i < 200; ++i) co_await yield_now();
            EXPECT_FALSE(sender.done()) << "the system has taken 20 MB that nobody receives";
            Future<std::string> receiver = create_task(receive_all(server));
            const std::size_t sent = co_await sender;
            EXPECT_EQ(sent, message.size());
            client.close();
            const std::string received = co_await receiver;
            EXPECT_TRUE(received == message);
        }
    });
}

TEST_P(SocketTest, SendsAndReceivesNothing) {
    run([]() -> Task<void> {
        Sockets pair = co_await connected(Kind::tcp);
        const auto& [client, server] = pair;
        const std::size_t sent = co_await client.async_send("");
        EXPECT_EQ(sent, 0u);
        send_now(client, "x");
        const std::string nothing = co_await receive(server, 0);
        EXPECT_EQ(nothing, "");
        const std::string something = co_await receive(server);
        EXPECT_EQ(something, "x");
    });
}

TEST_P(SocketTest, TheEndOfTheStreamStays) {
    run([]() -> Task<void> {
        for (const Kind kind : {Kind::tcp, Kind::unix_domain}) {
            auto [client, server] = co_await connected(kind);
            Future<std::string> reader = create_task(receive(server));
            co_await settle();
            co_await client.async_send("last words");
            client.close();
            const std::string words = co_await reader;
            EXPECT_EQ(words, "last words");
            for (int i = 0; i < 3; ++i) {
                const std::string end = co_await receive(server);
                EXPECT_EQ(end, "");
            }
        }
    });
}

TEST_P(SocketTest, ShutdownEndsOneDirectionOnly) {
    run([]() -> Task<void> {
        for (const Kind kind : {Kind::tcp, Kind::unix_domain}) {
            Sockets pair = co_await connected(kind);
            const auto& [client, server] = pair;
            Future<std::string> reader = create_task(receive_all(server));
            co_await settle();
            co_await client.async_send("question");
            client.shutdown_send();
            const std::string question = co_await reader;
            EXPECT_EQ(question, "question");
            const std::error_code late = co_await error_of(client.async_send("more"));
            EXPECT_EQ(late, std::errc::broken_pipe);
            co_await server.async_send("answer");
            const std::string answer = co_await receive(client);
            EXPECT_EQ(answer, "answer");
        }
    });
}

TEST_P(SocketTest, AResetFailsTheReaderThatWaits) {
    run([]() -> Task<void> {
        auto [client, server] = co_await connected(Kind::tcp);
        char data[10];
        Future<std::error_code> reader = create_task(error_of(server.async_recv(data)));
        co_await settle();
        reset(client);
        const std::error_code error = co_await reader;
        EXPECT_EQ(error, std::errc::connection_reset);
        const std::error_code sending = co_await error_of(server.async_send("x"));
        EXPECT_EQ(sending, std::errc::broken_pipe);
    });
}

TEST_P(SocketTest, AResetFailsTheSenderThatWaits) {
    run([]() -> Task<void> {
        auto [client, server] = co_await connected(Kind::tcp);
        const std::string message(20'000'000, 'x');
        Future<std::error_code> sender = create_task(error_of(server.async_send(message)));
        co_await settle();
        reset(client);
        const std::error_code error = co_await sender;
        EXPECT_EQ(error, std::errc::connection_reset);
    });
}

TEST_P(SocketTest, SendingToAClosedPeerFailsWithoutASignal) {
    run([]() -> Task<void> {
        auto [client, server] = co_await connected(Kind::unix_domain);
        client.close();
        try {
            co_await server.async_send("x");
            ADD_FAILURE() << "sent to nobody";
        } catch (const std::system_error& error) {
            EXPECT_EQ(error.code(), std::errc::broken_pipe);
            EXPECT_STREQ(error.what(), "send: Broken pipe");
        }
    });
}

TEST_P(SocketTest, WaitsForReadinessWithoutTaking) {
    run([]() -> Task<void> {
        for (const Kind kind : {Kind::tcp, Kind::unix_domain}) {
            Sockets pair = co_await connected(kind);
            const auto& [client, server] = pair;
            auto readable = [](const Socket& socket) -> Task<void> { co_await socket.async_wait_readable(); };
            Future<void> waiting = create_task(readable(server));
            co_await client.async_wait_writable();
            co_await settle();
            EXPECT_FALSE(waiting.done());
            send_now(client, "data");
            co_await waiting;
            co_await server.async_wait_readable();  // still
            const std::string data = co_await receive(server);
            EXPECT_EQ(data, "data");
        }
    });
}

TEST_P(SocketTest, IsTheOtherEndOfItsPeer) {
    run([]() -> Task<void> {
        Sockets pair = co_await connected(Kind::tcp);
        const auto& [client, server] = pair;
        EXPECT_EQ(client.local_address().to_string(), server.peer_address().to_string());
        EXPECT_EQ(client.peer_address().to_string(), server.local_address().to_string());
        EXPECT_EQ(client.peer_address().host(), "127.0.0.1");
    });
}

int no_delay(const Socket& socket) {
    int value = -1;
    socklen_t size = sizeof value;
    checked(::getsockopt(socket.fileno(), IPPROTO_TCP, TCP_NODELAY, &value, &size), "getsockopt");
    return value;
}

TEST_P(SocketTest, SendsSmallWritesAtOnceUnlessToldOtherwise) {
    run([]() -> Task<void> {
        Sockets pair = co_await connected(Kind::tcp);
        const auto& [client, server] = pair;
        EXPECT_NE(no_delay(client), 0);
        EXPECT_NE(no_delay(server), 0);
        client.set_no_delay(false);
        EXPECT_EQ(no_delay(client), 0);
        client.set_no_delay(true);
        EXPECT_NE(no_delay(client), 0);
        Sockets unix_pair = co_await connected(Kind::unix_domain);
        EXPECT_NO_THROW(unix_pair.first.set_no_delay(true)) << "a Unix socket never delays";
    });
}

// What a socket that is not open answers to everything.
Task<void> expect_not_open(const Socket& socket) {
    EXPECT_FALSE(socket.is_open());
    EXPECT_EQ(socket.fileno(), -1);
    char data[10];
    int refused = 0;
    auto refuses = [&](auto use) {
        try {
            use();
            ADD_FAILURE() << "use " << refused << " was allowed";
        } catch (const std::system_error& error) {
            EXPECT_EQ(error.code(), std::errc::bad_file_descriptor);
            ++refused;
        }
    };
    refuses([&] { (void)socket.async_recv(data); });
    refuses([&] { (void)socket.async_send("x"); });
    refuses([&] { (void)socket.async_wait_readable(); });
    refuses([&] { (void)socket.async_wait_writable(); });
    refuses([&] { (void)socket.try_recv(data); });
    refuses([&] { (void)socket.try_discard(1); });
    refuses([&] { (void)socket.try_send("x"); });
    refuses([&] { socket.shutdown_send(); });
    refuses([&] { socket.set_no_delay(true); });
    refuses([&] { (void)socket.local_address(); });
    refuses([&] { (void)socket.peer_address(); });
    EXPECT_EQ(refused, 11);
    co_return;
}

TEST_P(SocketTest, RefusesEverythingWhenItIsNotOpen) {
    run([]() -> Task<void> {
        const Socket none;
        co_await expect_not_open(none);
        auto [client, server] = co_await connected(Kind::tcp);
        client.close();
        client.close();
        co_await expect_not_open(client);
        const Socket taker = std::move(server);
        co_await expect_not_open(server);  // NOLINT(bugprone-use-after-move): that is the point
        EXPECT_TRUE(taker.is_open());
    });
}

TEST_P(SocketTest, MovesWhileATaskWaits) {
    run([]() -> Task<void> {
        auto [client, server] = co_await connected(Kind::tcp);
        char data[10];
        auto reading = [](const Socket& socket, std::span<char> buffer) -> Task<std::size_t> {
            co_return co_await socket.async_recv(buffer);
        };
        Future<std::size_t> reader = create_task(reading(server, data));
        co_await settle();
        const Socket elsewhere(std::move(server));
        co_await client.async_send("data");
        const std::size_t size = co_await reader;
        EXPECT_EQ(std::string_view(data, size), "data");
        co_await client.async_send("more");
        const std::string more = co_await receive(elsewhere);
        EXPECT_EQ(more, "more");
    });
}

TEST_P(SocketTest, AssigningClosesWhatWasThere) {
    run([]() -> Task<void> {
        auto [client, server] = co_await connected(Kind::tcp);
        auto [other_client, other_server] = co_await connected(Kind::tcp);
        client = std::move(other_client);
        const std::string end = co_await receive(server);
        EXPECT_EQ(end, "") << "the connection that was replaced is still open";
        co_await client.async_send("hello");
        const std::string hello = co_await receive(other_server);
        EXPECT_EQ(hello, "hello");

        Socket& itself = client;
        client = std::move(itself);
        co_await client.async_send("again");
        const std::string again = co_await receive(other_server);
        EXPECT_EQ(again, "again");
    });
}

}  // namespace
}  // namespace hocket::test
