// Many connections, and no descriptor left for another one.
#include "net/net_fixture.hpp"

namespace hocket::test {
namespace {

class SocketLimitsTest : public OnBothBackends {};
HOCKET_ON_BOTH_BACKENDS(SocketLimitsTest);

Task<void> serve_echo(TaskGroup& group, const Listener& listener) {
    for (;;) {
        Socket socket = co_await listener.async_accept();
        group.create_task(echo(std::move(socket)));
    }
}

Task<int> ask(Address server, int number) {
    const Socket socket = co_await Socket::async_connect(std::move(server));
    int right = 0;
    for (int round = 0; round < 5; ++round) {
        const std::string question = std::to_string(number) + " asks " + std::to_string(round);
        co_await socket.async_send(question);
        std::string answer;
        while (answer.size() < question.size()) {
            const std::string part = co_await receive(socket);
            if (part.empty()) co_return right;
            answer += part;
        }
        right += answer == question;
    }
    co_return right;
}

TEST_P(SocketLimitsTest, FiveHundredClientsAreEchoedAtTheSameTime) {
    run([]() -> Task<void> {
        const Listener listener = Listener::bind("127.0.0.1", 0);
        auto serving = [&](TaskGroup& group) { return serve_echo(group, listener); };
        Future<void> server = create_task(task_group(serving));
        std::vector<Task<int>> clients;
        for (int i = 0; i < 500; ++i) clients.push_back(ask(listener.local_address(), i));
        const std::vector<int> right = co_await gather(std::move(clients));
        EXPECT_EQ(std::count(right.begin(), right.end(), 5), 500);
        server.cancel();
        try {
            co_await server;
        } catch (const CancelledError&) {
        }
    });
}

TEST_P(SocketLimitsTest, AConnectionKeepsWaitingWhenThereIsNoDescriptorToAcceptIt) {
    run([]() -> Task<void> {
        const Listener listener = Listener::bind("127.0.0.1", 0);
        const Socket client = co_await Socket::async_connect(listener.local_address());
        {
            const NoDescriptorsLeft limit;
            for (int i = 0; i < 3; ++i) {
                try {
                    co_await listener.async_accept();
                    ADD_FAILURE() << "accepted without a descriptor";
                } catch (const std::system_error& error) {
                    EXPECT_EQ(error.code(), std::errc::too_many_files_open);
                    EXPECT_STREQ(error.what(), "accept a connection: Too many open files");
                }
            }
        }
        const Socket server = co_await listener.async_accept();
        EXPECT_EQ(server.peer_address().port(), client.local_address().port());
    });
}

TEST_P(SocketLimitsTest, AWaitingAcceptFailsWhenThereIsNoDescriptorLeft) {
    run([]() -> Task<void> {
        const Listener listener = Listener::bind("127.0.0.1", 0);
        const Address address = listener.local_address();
        const int knocking = checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
        Future<std::error_code> accepting = create_task(error_of(listener.async_accept()));
        co_await settle();
        {
            const NoDescriptorsLeft limit;
            checked(::connect(knocking, address.data(), static_cast<socklen_t>(address.size())), "connect");
            const std::error_code error = co_await accepting;
            EXPECT_EQ(error, std::errc::too_many_files_open);
        }
        const Socket server = co_await listener.async_accept();
        EXPECT_TRUE(server.is_open());
        ::close(knocking);
    });
}

TEST_P(SocketLimitsTest, ConnectingFailsWhenThereIsNoDescriptorLeft) {
    run([]() -> Task<void> {
        const Listener listener = Listener::bind("127.0.0.1", 0);
        const Address address = listener.local_address();
        {
            const NoDescriptorsLeft limit;
            try {
                co_await Socket::async_connect(address);
                ADD_FAILURE() << "connected without a descriptor";
            } catch (const std::system_error& error) {
                EXPECT_EQ(error.code(), std::errc::too_many_files_open);
                EXPECT_EQ(error.what(), "open a socket for " + address.to_string() + ": Too many open files");
            }
            EXPECT_THROW(Listener::bind("127.0.0.1", 0), std::system_error);
        }
        const Socket client = co_await Socket::async_connect(address);
        EXPECT_TRUE(client.is_open());
    });
}

}  // namespace
}  // namespace hocket::test
