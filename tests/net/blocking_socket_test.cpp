// The forms that block a thread: no loop runs here.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "held_port.hpp"
#include "hocket/net.hpp"
#include "hocket/sync.hpp"
#include "hocket/threading.hpp"

namespace hocket::test {
namespace {

using namespace std::chrono_literals;

std::string receive_all(const Socket& socket) {
    std::string text;
    char buffer[4096];
    while (const std::size_t size = socket.recv(buffer)) text.append(buffer, size);
    return text;
}

TEST(BlockingSocket, EchoesMoreThanFitsIntoTheConnection) {
    const Listener listener = Listener::bind("localhost", 0);
    Thread server([&] {
        const Socket socket = listener.accept();
        socket.send(receive_all(socket));
    });
    const Socket client = Socket::connect("localhost", listener.port());
    std::string message(3 << 20, 'x');
    for (std::size_t i = 0; i < message.size(); ++i) message[i] = static_cast<char>(i * 7 % 251);
    EXPECT_EQ(client.send(message), message.size());
    client.shutdown_send();
    EXPECT_TRUE(receive_all(client) == message);
    server.join();
}

TEST(BlockingSocket, WorksWithUnixSocketsToo) {
    const Listener listener = Listener::bind(Address::unix_path(std::string_view("\0hocket-blocking-test", 21)));
    Thread server([&] { listener.accept().send("hello"); });
    EXPECT_EQ(receive_all(Socket::connect(listener.local_address())), "hello");
    server.join();
}

TEST(BlockingSocket, SaysWhoRefuses) {
    const testing::HeldPort held;
    const std::uint16_t port = held.port();
    try {
        Socket::connect("127.0.0.1", port);
        ADD_FAILURE() << "connected to nobody";
    } catch (const std::system_error& error) {
        EXPECT_EQ(error.code(), std::errc::connection_refused);
        EXPECT_NE(std::string(error.what()).find("127.0.0.1:" + std::to_string(port)), std::string::npos);
    }
    EXPECT_THROW(Socket::connect("no-such-host.invalid", 1), ResolveError);
    EXPECT_THROW(Socket().send("x"), std::system_error);
}

TEST(BlockingSocket, AReceiveMayHaveALimit) {
    const Listener listener = Listener::bind("localhost", 0);
    const Socket client = Socket::connect("localhost", listener.port());
    const Socket server = listener.accept();
    char buffer[16];
    EXPECT_FALSE(client.recv_for(buffer, 1ms));
    server.send("ping");
    EXPECT_EQ(client.recv_for(buffer, 1h), 4u);
}

// What a cancelled thread may be waiting in.
class BlockedThread : public ::testing::Test {
protected:
    template <class Wait>
    static void expect_cancellable(Wait wait) {
        std::string reason;
        bool again = false;
        Thread thread([&] {
            try {
                wait();
            } catch (const CancelledError& cancelled) {
                reason = cancelled.reason();
            }
            try {
                wait();  // level-triggered
            } catch (const CancelledError&) {
                again = true;
            }
            const CancelShield shield;
            this_thread::sleep_for(1us);
        });
        thread.cancel("enough");
        thread.join();
        EXPECT_EQ(reason, "enough");
        EXPECT_TRUE(again);
    }
    const Listener listener = Listener::bind("localhost", 0);
};

TEST_F(BlockedThread, InAcceptIsCancelled) {
    expect_cancellable([&] { listener.accept(); });
    const Socket client = Socket::connect("localhost", listener.port());
    EXPECT_TRUE(listener.accept().is_open()) << "the listener stays usable";
}

TEST_F(BlockedThread, InRecvIsCancelled) {
    const Socket client = Socket::connect("localhost", listener.port());
    const Socket server = listener.accept();
    char buffer[16];
    expect_cancellable([&] { client.recv(buffer); });
    server.send("ping");
    EXPECT_EQ(client.recv(buffer), 4u) << "the connection stays usable";
}

TEST_F(BlockedThread, InSendIsCancelled) {
    const Socket client = Socket::connect("localhost", listener.port());
    const Socket server = listener.accept();
    const std::string much(64 << 20, 'x');
    expect_cancellable([&] { client.send(much); });
}

TEST_F(BlockedThread, IsCancelledAlsoWhileItFallsAsleep) {
    const Socket client = Socket::connect("localhost", listener.port());
    const Socket server = listener.accept();
    for (int i = 0; i < 200; ++i) {
        Event started;
        Thread thread([&] {
            char buffer[16];
            started.set();
            client.recv(buffer);
        });
        started.wait();
        thread.cancel();
        EXPECT_THROW(thread.join(), CancelledError);
    }
}

TEST(BlockingSocket, SayGoodbyeUnderAShield) {
    const Listener listener = Listener::bind("localhost", 0);
    const Socket client = Socket::connect("localhost", listener.port());
    Thread server([socket = listener.accept()] {
        char buffer[16];
        try {
            for (;;) socket.recv(buffer);
        } catch (const CancelledError&) {
            const CancelShield shield;
            socket.send("bye");
        }
    });
    server.cancel();
    server.join();
    EXPECT_EQ(receive_all(client), "bye");
}

}  // namespace
}  // namespace hocket::test
