// Cancelling operations before, while and after they are done: nothing hangs, nothing is lost.
#include <dirent.h>

#include "aio/io_fixture.hpp"

namespace hocket::test {
namespace {

class IoCancellationTest : public OnBothBackends {};
HOCKET_ON_BOTH_BACKENDS(IoCancellationTest);

Task<void> expect_cancelled(Operation operation) {
    try {
        co_await operation;
        ADD_FAILURE() << "it was not cancelled";
    } catch (const CancelledError& error) {
        EXPECT_EQ(error.reason(), "enough");
        throw;
    }
}

// Lets `operation` wait, then cancels it.
Task<void> cancel_waiting(Operation operation) {
    Future<void> waiting = create_task(expect_cancelled(operation));
    co_await sleep(1ms);
    EXPECT_FALSE(waiting.done()) << "there was nothing to wait for";
    EXPECT_TRUE(waiting.cancel("enough"));
    try {
        co_await waiting;
    } catch (const CancelledError&) {
        co_return;
    }
    ADD_FAILURE() << "no CancelledError";
}

std::size_t open_descriptors() {
    std::size_t count = 0;
    DIR* folder = ::opendir("/proc/self/fd");
    while (::readdir(folder)) ++count;
    ::closedir(folder);
    return count;
}

// Fills the queue of a listener, so that one more connection stays under way.
std::vector<End> fill_backlog(const sockaddr_in& address) {
    std::vector<End> clients;
    for (int i = 0; i < 2; ++i) {
        clients.push_back(tcp_socket());
        ::connect(clients.back().fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    }
    return clients;
}

TEST_P(IoCancellationTest, EndsEveryKindOfWait) {
    run([]() -> Task<void> {
        auto pair = co_await tcp_pair();
        const auto& [client, server] = pair;
        char data[100];
        co_await cancel_waiting(Operation(server, IoVerb::read, data, sizeof data));
        co_await cancel_waiting(wait_readable(server));
        const std::size_t sent = fill(client);
        co_await cancel_waiting(write(client, "more"));
        co_await cancel_waiting(wait_writable(client));
        const End listener = tcp_listener(0);
        co_await cancel_waiting(Operation(listener, IoVerb::accept));
        const sockaddr_in address = address_of(listener);
        const std::vector<End> others = fill_backlog(address);
        const End late = tcp_socket();
        co_await cancel_waiting(connect(late, address));
        // All of it can be used further.
        std::size_t received = 0;
        while (received < sent) {
            const std::string part = co_await read(server, 1'000'000);
            received += part.size();
        }
        EXPECT_EQ(received, sent);
        co_await write(client, "still there");
        const std::string last = co_await read(server);
        EXPECT_EQ(last, "still there");
        const End accepted = co_await accept(listener);
        EXPECT_GE(accepted.fd(), 0);
    });
}

TEST_P(IoCancellationTest, DoesNothingInATaskThatIsCancelledAlready) {
    run([]() -> Task<void> {
        auto pair = unix_pair();
        const auto& [client, server] = pair;
        send_now(client, "data");
        fill(server);
        auto in_cancelled_scope = [](Operation operation) -> Task<void> {
            CancelScope scope;
            scope.cancel("enough");
            for (int i = 0; i < 2; ++i) {
                try {
                    co_await operation;
                    ADD_FAILURE() << "it was not cancelled";
                } catch (const CancelledError&) {
                }
            }
        };
        co_await in_cancelled_scope(write(server, "no room"));
        const End listener = tcp_listener();
        co_await in_cancelled_scope(Operation(listener, IoVerb::accept));
        const std::string data = co_await read(server);
        EXPECT_EQ(data, "data");
    });
}

// The bytes arrive, and the cancellation comes before the task has its turn: whichever wins, no byte is lost.
TEST_P(IoCancellationTest, LosesNoDataWhenItComesTogetherWithThem) {
    run([]() -> Task<void> {
        auto pair = unix_pair();
        const auto& [client, server] = pair;
        std::string received;
        auto reading = [](const End& end, std::string& data) -> Task<void> { data += co_await read(end); };
        int cancelled = 0;
        for (int i = 0; i < 300; ++i) {
            Future<void> reader = create_task(reading(server, received));
            co_await sleep(0ms);
            co_await yield_now();
            send_now(client, "x");
            for (int turns = i % 3; turns > 0; --turns) co_await yield_now();
            if (i % 2 == 0) {
                reader.cancel();
            } else {
                EventLoop::current().call_soon([reader] { reader.cancel(); });
            }
            bool lost = false;
            try {
                co_await reader;
            } catch (const CancelledError&) {
                lost = true;
            }
            cancelled += lost;
            if (lost) received += co_await read(server);
        }
        EXPECT_EQ(received, std::string(300, 'x'));
        RecordProperty("cancelled", cancelled);
    });
}

TEST_P(IoCancellationTest, LosesNoConnectionWhenItComesTogetherWithOne) {
    run([]() -> Task<void> {
        const End listener = tcp_listener();
        const sockaddr_in address = address_of(listener);
        const std::size_t before = open_descriptors();
        int accepted = 0;
        for (int i = 0; i < 200; ++i) {
            Future<End> accepting = create_task(accept(listener));
            co_await yield_now();
            const End client = tcp_socket();
            co_await connect(client, address);
            for (int turns = i % 3; turns > 0; --turns) co_await yield_now();
            accepting.cancel();
            bool lost = false;
            try {
                const End server = co_await std::move(accepting);
                ++accepted;
            } catch (const CancelledError&) {
                lost = true;
            }
            if (!lost) continue;
            const End server = co_await accept(listener);  // it kept waiting
            ++accepted;
        }
        EXPECT_EQ(accepted, 200);
        EXPECT_EQ(open_descriptors(), before);
    });
}

TEST_P(IoCancellationTest, StopsAWriteHalfWay) {
    run([]() -> Task<void> {
        auto pair = co_await tcp_pair();
        const auto& [client, server] = pair;
        const std::string big(20'000'000, 'x');
        co_await cancel_waiting(write(client, big));
        ::shutdown(client.fd(), SHUT_WR);
        std::size_t received = 0;
        for (;;) {
            const std::string part = co_await read(server, 1'000'000);
            if (part.empty()) break;
            received += part.size();
        }
        EXPECT_GT(received, 0u);
        EXPECT_LT(received, big.size());
    });
}

TEST_P(IoCancellationTest, ReachesManyOperationsAtATime) {
    run([]() -> Task<void> {
        std::vector<End> clients, servers;
        for (int i = 0; i < 450; ++i) {
            auto [client, server] = unix_pair();
            clients.push_back(std::move(client));
            servers.push_back(std::move(server));
        }
        for (int round = 0; round < 10; ++round) {
            std::vector<Task<std::string>> reads;
            for (const End& server : servers) reads.push_back(read(server));
            try {
                co_await timeout(1ms, gather(std::move(reads)));
                ADD_FAILURE() << "read something that nobody has sent";
            } catch (const TimeoutError&) {
            }
        }
        for (std::size_t i = 0; i < servers.size(); ++i) {
            send_now(clients[i], "x");
            const std::string data = co_await read(servers[i]);
            EXPECT_EQ(data, "x");
        }
    });
}

}  // namespace
}  // namespace hocket::test
