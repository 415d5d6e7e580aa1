// Waits that end otherwise than by success: cancelled, timed out, closed, refused.
#include <gmock/gmock.h>

#include <optional>

#include "net/net_fixture.hpp"

namespace hocket::test {
namespace {

class SocketWaitTest : public OnBothBackends {};
HOCKET_ON_BOTH_BACKENDS(SocketWaitTest);

/// Cancels `task` and gives its result, if it has one in spite of that.
template <class T>
Task<std::optional<T>> cancel(Future<T> task) {
    task.cancel("by the test");
    try {
        co_return co_await std::move(task);
    } catch (const CancelledError& error) {
        EXPECT_EQ(error.reason(), "by the test");
        co_return std::nullopt;
    }
}

TEST_P(SocketWaitTest, ACancelledReceiveHasTakenNothing) {
    run([]() -> Task<void> {
        for (const Kind kind : {Kind::tcp, Kind::unix_domain}) {
            Sockets pair = co_await connected(kind);
            const auto& [client, server] = pair;
            for (int i = 0; i < 3; ++i) {
                Future<std::string> reader = create_task(receive(server));
                co_await settle();
                const std::optional<std::string> nothing = co_await cancel(std::move(reader));
                EXPECT_FALSE(nothing.has_value());
                co_await client.async_send("data");
                const std::string data = co_await receive(server);
                EXPECT_EQ(data, "data");
            }
        }
    });
}

TEST_P(SocketWaitTest, AReceiveThatIsCancelledAsDataArrivesLosesNothing) {
    run([]() -> Task<void> {
        Sockets pair = co_await connected(Kind::tcp);
        const auto& [client, server] = pair;
        for (int turns = 0; turns < 6; ++turns) {
            Future<std::string> reader = create_task(receive(server));
            co_await settle();
            send_now(client, "data");
            for (int i = 0; i < turns; ++i) co_await yield_now();
            std::optional<std::string> data = co_await cancel(std::move(reader));
            if (!data) data = co_await receive(server);
            EXPECT_EQ(data, "data") << "cancelled after " << turns << " turns";
        }
    });
}

TEST_P(SocketWaitTest, ACancelledSendHasSentAPart) {
    run([]() -> Task<void> {
        for (const Kind kind : {Kind::tcp, Kind::unix_domain}) {
            auto [client, server] = co_await connected(kind);
            const std::string message = pattern(20'000'000);
            Future<std::size_t> sender = create_task(send(client, message));
            co_await settle();
            const std::optional<std::size_t> nothing = co_await cancel(std::move(sender));
            EXPECT_FALSE(nothing.has_value());
            // What has been sent is a part of the message from its beginning, and what is sent next follows it.
            Future<std::string> receiver = create_task(receive_all(server));
            co_await client.async_send("THE END");
            client.close();
            const std::string received = co_await receiver;
            EXPECT_TRUE(received.ends_with("THE END"));
            EXPECT_LT(received.size(), message.size());
            EXPECT_TRUE(message.starts_with(received.substr(0, received.size() - 7)));
        }
    });
}

TEST_P(SocketWaitTest, ACancelledAcceptLosesNoConnection) {
    run([]() -> Task<void> {
        const Listener listener = Listener::bind("127.0.0.1", 0);
        auto accepting = [&]() -> Task<Socket> { co_return co_await listener.async_accept(); };
        for (int turns = 0; turns < 6; ++turns) {
            Future<Socket> acceptor = create_task(accepting());
            co_await settle();
            const Socket client = co_await Socket::async_connect(listener.local_address());
            for (int i = 0; i < turns; ++i) co_await yield_now();
            std::optional<Socket> server = co_await cancel(std::move(acceptor));
            if (!server) server = co_await listener.async_accept();
            EXPECT_EQ(server->peer_address().port(), client.local_address().port()) << "after " << turns << " turns";
        }
        Future<Socket> idle = create_task(accepting());
        co_await settle();
        const std::optional<Socket> nobody = co_await cancel(std::move(idle));
        EXPECT_FALSE(nobody.has_value());
    });
}

TEST_P(SocketWaitTest, ACancelledConnectClosesItsSocket) {
    run([]() -> Task<void> {
        const FullListener listener;
        const std::size_t before = open_descriptors();
        Future<Socket> connecting = create_task(Socket::async_connect(listener.address()));
        co_await settle();
        EXPECT_EQ(open_descriptors(), before + 1);
        const std::optional<Socket> nothing = co_await cancel(std::move(connecting));
        EXPECT_FALSE(nothing.has_value());
        EXPECT_EQ(open_descriptors(), before);
    });
}

TEST_P(SocketWaitTest, TimeOutsLeaveTheConnectionUsable) {
    run([]() -> Task<void> {
        auto [client, server] = co_await connected(Kind::tcp);
        int timed_out = 0;
        try {
            co_await timeout(1ms, receive(server));
        } catch (const TimeoutError&) {
            ++timed_out;
        }
        const std::string message = pattern(20'000'000);
        try {
            co_await timeout(5ms, client.async_send(message));
        } catch (const TimeoutError&) {
            ++timed_out;
        }
        EXPECT_EQ(timed_out, 2);
        Future<std::string> receiver = create_task(receive_all(server));
        co_await client.async_send("THE END");
        client.close();
        const std::string received = co_await timeout(10s, receiver);
        EXPECT_TRUE(received.ends_with("THE END"));
    });
}

TEST_P(SocketWaitTest, TimeOutsEndConnectingAndAccepting) {
    run([]() -> Task<void> {
        const FullListener full;
        int timed_out = 0;
        try {
            co_await timeout(5ms, Socket::async_connect(full.address()));
        } catch (const TimeoutError&) {
            ++timed_out;
        }
        const Listener listener = Listener::bind("127.0.0.1", 0);
        try {
            co_await timeout(1ms, listener.async_accept());
        } catch (const TimeoutError&) {
            ++timed_out;
        }
        EXPECT_EQ(timed_out, 2);
        const Socket client = co_await Socket::async_connect(listener.local_address());
        const Socket server = co_await timeout(10s, listener.async_accept());
        EXPECT_TRUE(server.is_open());
    });
}

TEST_P(SocketWaitTest, ACancelledScopeRefusesToBeginAWait) {
    run([]() -> Task<void> {
        Sockets pair = co_await connected(Kind::tcp);
        const auto& [client, server] = pair;
        bool cancelled = false;
        {
            CancelScope scope;
            scope.cancel();
            try {
                co_await receive(server);
            } catch (const CancelledError&) {
                cancelled = true;
            }
        }
        EXPECT_TRUE(cancelled);
        co_await client.async_send("data");
        const std::string data = co_await receive(server);
        EXPECT_EQ(data, "data");
    });
}

TEST_P(SocketWaitTest, CloseEndsTheWaitsOfBothDirections) {
    run([]() -> Task<void> {
        for (const Kind kind : {Kind::tcp, Kind::unix_domain}) {
            auto [client, server] = co_await connected(kind);
            char data[10];
            const std::string message(20'000'000, 'x');
            Future<std::error_code> reader = create_task(error_of(server.async_recv(data)));
            Future<std::error_code> writer = create_task(error_of(server.async_send(message)));
            co_await settle();
            EXPECT_FALSE(reader.done() || writer.done());
            server.close();
            const std::error_code read_error = co_await reader;
            const std::error_code write_error = co_await writer;
            EXPECT_EQ(read_error, std::errc::operation_canceled);
            EXPECT_EQ(write_error, std::errc::operation_canceled);
            Future<std::string> rest = create_task(receive_all(client));
            const std::string received = co_await rest;  // up to the end, which comes because it is closed
            EXPECT_LT(received.size(), message.size());
        }
    });
}

TEST_P(SocketWaitTest, DestroyingASocketEndsItsWaits) {
    run([]() -> Task<void> {
        Sockets pair = co_await connected(Kind::tcp);
        std::optional<Socket> server(std::move(pair.second));
        char data[10];
        Future<std::error_code> reader = create_task(error_of(server->async_recv(data)));
        co_await settle();
        server.reset();
        const std::error_code error = co_await reader;
        EXPECT_EQ(error, std::errc::operation_canceled);
    });
}

TEST_P(SocketWaitTest, OneTaskForEachDirection) {
    run([]() -> Task<void> {
        Sockets pair = co_await connected(Kind::tcp);
        const auto& [client, server] = pair;
        const std::string message = pattern(20'000'000);
        Future<std::string> reader = create_task(receive(server));
        Future<std::size_t> writer = create_task(send(server, message));
        co_await settle();
        char data[10];
        int refused = 0;
        auto expect_refusal = [&refused](auto awaitable) -> Task<void> {
            try {
                co_await std::move(awaitable);
                ADD_FAILURE() << "a second task in one direction";
            } catch (const InvalidStateError& error) {
                EXPECT_THAT(error.what(), ::testing::HasSubstr("another task waits for the same direction"));
                ++refused;
            }
        };
        co_await expect_refusal(server.async_recv(data));
        co_await expect_refusal(server.async_wait_readable());
        co_await expect_refusal(server.async_send("x"));
        co_await expect_refusal(server.async_wait_writable());
        EXPECT_EQ(refused, 4);
        EXPECT_THROW((void)server.try_recv(data), InvalidStateError);
        EXPECT_THROW((void)server.try_send("x"), InvalidStateError);

        // Those who were first are not harmed.
        co_await client.async_send("data");
        const std::string first = co_await reader;
        EXPECT_EQ(first, "data");
        std::string received;
        while (received.size() < message.size()) received += co_await receive(client, 100'000);
        EXPECT_TRUE(received == message);
        const std::size_t sent = co_await writer;
        EXPECT_EQ(sent, message.size());
    });
}

TEST_P(SocketWaitTest, AnotherLoopIsRefused) {
    EventLoop loop(options());
    Sockets pair = loop.run_until_complete(connected(Kind::tcp));
    const auto& [client, server] = pair;
    loop.run_until_complete([](const Socket& socket) -> Task<void> {
        try {
            co_await timeout(1ms, receive(socket));  // now it belongs to this loop
        } catch (const TimeoutError&) {
        }
    }(server));
    send_now(client, "data");
    const Socket& end = server;
    auto elsewhere = [&]() -> Task<void> {
        char data[10];
        try {
            co_await end.async_recv(data);
            ADD_FAILURE() << "received in another loop";
        } catch (const InvalidStateError& error) {
            EXPECT_STREQ(error.what(), "hocket: receive: this descriptor belongs to another event loop");
        }
        EXPECT_THROW((void)end.try_recv(data), InvalidStateError);
    };
    run(elsewhere);
    EXPECT_EQ(loop.run_until_complete(receive(server)), "data") << "the owner is not harmed";
}

TEST_P(SocketWaitTest, AConnectionMayOutliveItsLoop) {
    std::optional<Sockets> pair;
    run([&]() -> Task<void> {
        Sockets made = co_await connected(Kind::tcp);
        pair.emplace(std::move(made));
        try {
            co_await timeout(1ms, receive(pair->second));
        } catch (const TimeoutError&) {
        }
    });
    send_now(pair->first, "data");
    run([&]() -> Task<void> {
        char data[10];
        const std::size_t size = co_await poll_until([&] { return pair->second.try_recv(data); });
        EXPECT_EQ(std::string_view(data, size), "data");
        co_await pair->first.async_send("more");
        const std::string more = co_await receive(pair->second);
        EXPECT_EQ(more, "more");
    });
}

}  // namespace
}  // namespace hocket::test
