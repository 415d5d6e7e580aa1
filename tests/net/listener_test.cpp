#include "hocket/net/listener.hpp"

#include <stdlib.h>

#include <filesystem>
#include <memory>

#include "net/net_fixture.hpp"

namespace hocket::test {
namespace {

class ListenerTest : public OnBothBackends {};
HOCKET_ON_BOTH_BACKENDS(ListenerTest);

TEST_P(ListenerTest, PortZeroPicksAFreeOne) {
    run([]() -> Task<void> {
        const Listener listener = Listener::bind("127.0.0.1", 0);
        EXPECT_NE(listener.port(), 0);
        EXPECT_EQ(listener.local_address().to_string(), "127.0.0.1:" + std::to_string(listener.port()));
        const Socket client = co_await Socket::async_connect("127.0.0.1", listener.port());
        const Socket server = co_await listener.async_accept();
        EXPECT_EQ(server.local_address().port(), listener.port());
    });
}

TEST_P(ListenerTest, AcceptsThoseWhoWaitAndThoseWhoComeLater) {
    run([]() -> Task<void> {
        const Listener listener = Listener::bind("localhost", 0);
        std::vector<Socket> clients;
        for (int i = 0; i < 10; ++i) clients.push_back(co_await Socket::async_connect(listener.local_address()));
        for (const Socket& client : clients) {
            const Socket server = co_await listener.async_accept();
            EXPECT_EQ(server.peer_address().port(), client.local_address().port()) << "not in the order of arrival";
        }
        auto accepting = [&]() -> Task<Socket> { co_return co_await listener.async_accept(); };
        Future<Socket> acceptor = create_task(accepting());
        co_await settle();
        EXPECT_FALSE(acceptor.done());
        const Socket late = co_await Socket::async_connect(listener.local_address());
        const Socket server = co_await std::move(acceptor);
        EXPECT_EQ(server.peer_address().port(), late.local_address().port());
    });
}

TEST_P(ListenerTest, AnEmptyHostMeansBothFamilies) {
    run([]() -> Task<void> {
        const Listener listener = Listener::bind("", 0);
        for (const char* host : {"127.0.0.1", "::1"}) {
            if (host == std::string("::1") && !have_ipv6_loopback()) {
                std::cerr << "NOT TESTED: this machine has no ::1\n";
                continue;
            }
            const Socket client = co_await Socket::async_connect(host, listener.port());
            const Socket server = co_await listener.async_accept();
            co_await server.async_send("welcome");
            const std::string greeting = co_await receive(client);
            EXPECT_EQ(greeting, "welcome");
        }
    });
}

TEST_P(ListenerTest, CloseRefusesThoseWhoComeLater) {
    run([]() -> Task<void> {
        Listener listener = Listener::bind("127.0.0.1", 0);
        const Address address = listener.local_address();
        const Socket waiting = co_await Socket::async_connect(address);
        listener.close();
        listener.close();
        EXPECT_FALSE(listener.is_open());
        const std::error_code late = co_await error_of(Socket::async_connect(address));
        EXPECT_EQ(late, std::errc::connection_refused);
        char data[10];
        const std::error_code rejected = co_await error_of(waiting.async_recv(data));
        EXPECT_EQ(rejected, std::errc::connection_reset) << "nobody has accepted it, nobody will";
    });
}

TEST_P(ListenerTest, CloseEndsAnAccept) {
    run([]() -> Task<void> {
        Listener listener = Listener::bind("127.0.0.1", 0);
        const Address address = listener.local_address();
        Future<std::error_code> accepting = create_task(error_of(listener.async_accept()));
        co_await settle();
        listener.close();
        const std::error_code error = co_await accepting;
        EXPECT_EQ(error, std::errc::operation_canceled);
        const std::error_code late = co_await error_of(Socket::async_connect(address));
        EXPECT_EQ(late, std::errc::connection_refused);
    });
}

TEST_P(ListenerTest, AFullBacklogKeepsThemWaiting) {
    run([]() -> Task<void> {
        const FullListener full;
        Future<Socket> late = create_task(Socket::async_connect(full.address()));
        // A connection over loopback is made within one system call, so this is plenty of time.
        for (int i = 0; i < 1000; ++i) co_await yield_now();
        EXPECT_FALSE(late.done());
        late.cancel();
        try {
            co_await std::move(late);
        } catch (const CancelledError&) {
        }
    });
}

TEST_P(ListenerTest, SeveralShareAPortIfTheyAgree) {
    run([]() -> Task<void> {
        ListenOptions shared;
        shared.reuse_port = true;
        const Listener first = Listener::bind("127.0.0.1", 0, shared);
        const Listener second = Listener::bind("127.0.0.1", first.port(), shared);
        EXPECT_THROW(Listener::bind("127.0.0.1", first.port()), std::system_error) << "this one has not agreed";
        int accepted[2] = {};
        auto count = [](const Listener& listener, int& number) -> Task<void> {
            for (;;) {
                const Socket socket = co_await listener.async_accept();
                ++number;
            }
        };
        Future<void> one = create_task(count(first, accepted[0]));
        Future<void> two = create_task(count(second, accepted[1]));
        for (int i = 0; i < 100; ++i) {
            const Socket client = co_await Socket::async_connect(first.local_address());
            char end;
            co_await client.async_recv(std::span(&end, 1));  // closed by the one who has accepted it
        }
        EXPECT_EQ(accepted[0] + accepted[1], 100);
        EXPECT_GT(accepted[0], 0);
        EXPECT_GT(accepted[1], 0);
        one.cancel();
        two.cancel();
        co_await gather(return_exceptions, one, two);
    });
}

TEST_P(ListenerTest, MovesAndCloses) {
    run([]() -> Task<void> {
        Listener listener = Listener::bind("127.0.0.1", 0);
        const Address old_address = listener.local_address();
        Listener moved(std::move(listener));
        EXPECT_FALSE(listener.is_open());  // NOLINT(bugprone-use-after-move): that is the point
        EXPECT_EQ(listener.fileno(), -1);
        EXPECT_EQ(moved.local_address().to_string(), old_address.to_string());
        moved = Listener::bind("127.0.0.1", 0);
        const std::error_code gone = co_await error_of(Socket::async_connect(old_address));
        EXPECT_EQ(gone, std::errc::connection_refused);
        const Socket client = co_await Socket::async_connect(moved.local_address());
        const Socket server = co_await moved.async_accept();

        try {
            co_await listener.async_accept();
            ADD_FAILURE() << "accepted on a listener that is not open";
        } catch (const std::system_error& error) {
            EXPECT_EQ(error.code(), std::errc::bad_file_descriptor);
        }
        EXPECT_THROW((void)listener.local_address(), std::system_error);
        EXPECT_THROW((void)listener.port(), std::system_error);
    });
}

class TemporaryFolder {
public:
    TemporaryFolder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "hocket-listener-XXXXXX").string();
        if (!::mkdtemp(pattern.data())) throw std::runtime_error("mkdtemp");
        path_ = pattern;
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

TEST_P(ListenerTest, ListensOnAUnixSocket) {
    run([]() -> Task<void> {
        const TemporaryFolder folder;
        const std::string path = folder.path() / "s";
        {
            const Listener listener = Listener::bind(Address::unix_path(path));
            EXPECT_EQ(listener.local_address().to_string(), "unix:" + path);
            EXPECT_EQ(listener.port(), 0);
            const Socket client = co_await Socket::async_connect(Address::unix_path(path));
            const Socket server = co_await listener.async_accept();
            co_await server.async_send("welcome");
            const std::string greeting = co_await receive(client);
            EXPECT_EQ(greeting, "welcome");
            EXPECT_EQ(client.peer_address().to_string(), "unix:" + path);
        }
        EXPECT_TRUE(std::filesystem::exists(path)) << "whoever made the file may want to keep it";
        const std::error_code refused = co_await error_of(Socket::async_connect(Address::unix_path(path)));
        EXPECT_EQ(refused, std::errc::connection_refused);
        try {
            Listener::bind(Address::unix_path(path));
            ADD_FAILURE() << "the file exists";
        } catch (const std::system_error& error) {
            EXPECT_EQ(error.code(), std::errc::address_in_use);
            EXPECT_EQ(error.what(), "listen on unix:" + path + ": Address already in use");
        }
    });
}

TEST_P(ListenerTest, ListensInTheAbstractNamespace) {
    run([]() -> Task<void> {
        const Address address = Address::unix_path(std::string("\0hocket-listener-", 17) + std::to_string(::getpid()));
        Listener listener = Listener::bind(address);
        const Socket client = co_await Socket::async_connect(address);
        const Socket server = co_await listener.async_accept();
        listener.close();
        const std::error_code refused = co_await error_of(Socket::async_connect(address));
        EXPECT_EQ(refused, std::errc::connection_refused);
        const Listener again = Listener::bind(address);
        EXPECT_TRUE(again.is_open()) << "the name is free once nobody listens on it";
    });
}

TEST(Listener, SaysWhatItCannotListenOn) {
    const Listener first = Listener::bind("127.0.0.1", 0);
    try {
        Listener::bind("127.0.0.1", first.port());
        ADD_FAILURE() << "two listeners on one port";
    } catch (const std::system_error& error) {
        EXPECT_EQ(error.code(), std::errc::address_in_use);
        EXPECT_EQ(error.what(), "listen on 127.0.0.1:" + std::to_string(first.port()) + ": Address already in use");
    }
    try {
        Listener::bind("203.0.113.1", 0);  // for documentation only, RFC 5737
        ADD_FAILURE() << "not an address of this machine";
    } catch (const std::system_error& error) {
        EXPECT_EQ(error.code(), std::errc::address_not_available);
    }
    EXPECT_THROW(Listener::bind("example.com", 0), std::invalid_argument);
    EXPECT_THROW(Listener::bind(Address()), std::system_error);
}

TEST(Listener, APortIsFreeAgainAtOnce) {
    std::uint16_t port = 0;
    run([&]() -> Task<void> {
        const Listener listener = Listener::bind("127.0.0.1", 0);
        port = listener.port();
        const Socket client = co_await Socket::async_connect(listener.local_address());
        Socket server = co_await listener.async_accept();
        server.close();  // the side that closes first keeps the address for a while
        const std::string end = co_await receive(client);
        EXPECT_EQ(end, "");
    }());
    EXPECT_EQ(Listener::bind("127.0.0.1", port).port(), port);
}

}  // namespace
}  // namespace hocket::test
