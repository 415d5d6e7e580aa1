// Every kind of operation: at once, after waiting, failing.
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/un.h>

#include <numeric>

#include "aio/io_fixture.hpp"

namespace hocket::test {
namespace {

class IoTest : public OnBothBackends {};
HOCKET_ON_BOTH_BACKENDS(IoTest);

Task<void> write_later(const End& end, std::string_view data) {
    co_await sleep(2ms);
    co_await write(end, data);
}

TEST_P(IoTest, ReadsWhatIsThereAndWhatComesLater) {
    run([]() -> Task<void> {
        auto pair = co_await tcp_pair();
        const auto& [client, server] = pair;
        send_now(client, "at once");
        const std::string at_once = co_await read(server);
        EXPECT_EQ(at_once, "at once");
        for (const char* text : {"later", "and again"}) {
            Future<void> writer = create_task(write_later(client, text));
            const std::string later = co_await read(server);
            EXPECT_EQ(later, text);
            co_await writer;
        }
    });
}

TEST_P(IoTest, ReadsTheEndOfTheStreamAgainAndAgain) {
    run([]() -> Task<void> {
        auto [client, server] = unix_pair();
        send_now(client, "last words");
        client.close();
        const std::string words = co_await read(server);
        EXPECT_EQ(words, "last words");
        for (int i = 0; i < 3; ++i) {
            const std::string end = co_await read(server);
            EXPECT_EQ(end, "");
        }
    });
}

TEST_P(IoTest, WakesAReaderAtTheEndOfTheStream) {
    run([]() -> Task<void> {
        auto [client, server] = co_await tcp_pair();
        Future<std::string> reader = create_task(read(server));
        co_await sleep(1ms);
        client.close();
        const std::string end = co_await reader;
        EXPECT_EQ(end, "");
    });
}

TEST_P(IoTest, WritesMoreThanThereIsRoomFor) {
    run([]() -> Task<void> {
        auto pair = co_await tcp_pair();
        const auto& [client, server] = pair;
        std::string sent(20'000'000, '\0');
        for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>(i * 7 + i / 1000);
        auto writing = [](const End& end, std::string_view data) -> Task<std::int64_t> {
            co_return co_await write(end, data);
        };
        Future<std::int64_t> writer = create_task(writing(client, sent));
        std::string received;
        while (received.size() < sent.size()) {
            const std::string part = co_await read(server, 100'000);
            EXPECT_FALSE(part.empty());
            if (part.empty()) break;
            received += part;
        }
        EXPECT_TRUE(received == sent);
        const std::int64_t written = co_await writer;
        EXPECT_EQ(written, static_cast<std::int64_t>(sent.size()));
    });
}

TEST_P(IoTest, TransfersNothingWhenAskedForNothing) {
    run([]() -> Task<void> {
        auto pair = co_await tcp_pair();
        const auto& [client, server] = pair;
        const std::int64_t written = co_await write(client, "");
        EXPECT_EQ(written, 0);
        send_now(client, "x");
        const std::string nothing = co_await read(server, 0);
        EXPECT_EQ(nothing, "");
        const std::string something = co_await read(server);
        EXPECT_EQ(something, "x");
    });
}

TEST_P(IoTest, AcceptsConnectionsThatWaitAndThatComeLater) {
    run([]() -> Task<void> {
        const End listener = tcp_listener();
        const sockaddr_in address = address_of(listener);
        for (const bool waits_first : {true, false}) {
            Future<End> accepting = create_task(accept(listener));
            if (waits_first) co_await sleep(1ms);
            const End client = tcp_socket();
            co_await connect(client, address);
            const End server = co_await std::move(accepting);
            EXPECT_NE(::fcntl(server.fd(), F_GETFL) & O_NONBLOCK, 0);
            EXPECT_NE(::fcntl(server.fd(), F_GETFD) & FD_CLOEXEC, 0);
            co_await write(server, "welcome");
            const std::string greeting = co_await read(client);
            EXPECT_EQ(greeting, "welcome");
        }
    });
}

TEST_P(IoTest, ConnectsOrSaysWhyNot) {
    run([]() -> Task<void> {
        sockaddr_in address{};
        {
            const End listener = tcp_listener();
            address = address_of(listener);
            const End client = tcp_socket();
            const std::int64_t connected = co_await connect(client, address);
            EXPECT_EQ(connected, 0);
        }
        const End client = tcp_socket();
        try {
            co_await connect(client, address);
            ADD_FAILURE() << "connected to a port that nobody listens on";
        } catch (const std::system_error& error) {
            EXPECT_EQ(error.code(), std::errc::connection_refused);
        }
    });
}

TEST_P(IoTest, ConnectsToAUnixSocketAtOnceOrFails) {
    run([]() -> Task<void> {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        const std::string name = "hocket-io-test-" + std::to_string(::getpid());
        name.copy(address.sun_path + 1, name.size());  // abstract: no file
        const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
        auto unix_socket = [] {
            return End(checked(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket"), false);
        };
        const End listener = unix_socket();
        checked(::bind(listener.fd(), reinterpret_cast<sockaddr*>(&address), size), "bind");
        checked(::listen(listener.fd(), 0), "listen");
        const End first = unix_socket();
        co_await Operation(first, IoVerb::connect, &address, size);
        // The backlog is full now. There is nothing to wait for then; see connect(2), EAGAIN.
        const End second = unix_socket();
        try {
            co_await Operation(second, IoVerb::connect, &address, size);
            ADD_FAILURE() << "connected in spite of a full backlog";
        } catch (const std::system_error& error) {
            EXPECT_EQ(error.code(), std::errc::resource_unavailable_try_again);
        }
    });
}

TEST_P(IoTest, WaitsUntilReadableAsLongAsNothingIsThere) {
    run([]() -> Task<void> {
        auto pair = unix_pair();
        const auto& [client, server] = pair;
        for (int i = 0; i < 3; ++i) {
            Future<void> writer = create_task(write_later(client, "data"));
            co_await wait_readable(server);
            EXPECT_TRUE(writer.done()) << "readable before anything was sent";
            co_await wait_readable(server);  // still
            // Read by somebody else than us.
            char data[10];
            EXPECT_EQ(::recv(server.fd(), data, sizeof data, 0), 4);
            co_await writer;
        }
    });
}

TEST_P(IoTest, WaitsUntilWritableAsLongAsThereIsNoRoom) {
    run([]() -> Task<void> {
        auto pair = unix_pair();
        const auto& [client, server] = pair;
        co_await wait_writable(client);
        const std::size_t sent = fill(client);
        bool emptied = false;
        auto empty = [](const End& end, std::size_t size, bool& done) -> Task<void> {
            co_await sleep(1ms);
            for (std::size_t received = 0; received < size;) {
                const std::string part = co_await read(end, 1'000'000);
                received += part.size();
                done = true;
            }
        };
        Future<void> reader = create_task(empty(server, sent, emptied));
        co_await wait_writable(client);
        EXPECT_TRUE(emptied) << "writable while there was no room";
        co_await reader;
    });
}

TEST_P(IoTest, WaitsForPipesAndRegularFiles) {
    run([]() -> Task<void> {
        int fds[2];
        checked(::pipe2(fds, O_NONBLOCK | O_CLOEXEC), "pipe2");
        const End output(fds[0]);
        End input(fds[1]);
        co_await wait_writable(input);
        auto close_later = [](End& end) -> Task<void> {
            co_await sleep(1ms);
            checked(::write(end.fd(), "x", 1), "write");
            co_await sleep(1ms);
            end.close();
        };
        Future<void> closing = create_task(close_later(input));
        co_await wait_readable(output);
        char data = 0;
        EXPECT_EQ(::read(output.fd(), &data, 1), 1);
        co_await wait_readable(output);
        EXPECT_EQ(::read(output.fd(), &data, 1), 0) << "readable, though it was not closed";
        co_await closing;

        const End file(checked(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC), "open"));
        co_await wait_readable(file);
        co_await wait_readable(file);
    });
}

// The kernel tells the reason once, to whoever looks first; after that a writer finds a broken pipe, a reader the end.
TEST_P(IoTest, EndsBothDirectionsOfAResetConnection) {
    run([]() -> Task<void> {
        auto [client, server] = co_await tcp_pair();
        fill(server);
        auto error_of = [](Operation operation) -> Task<std::error_code> {
            try {
                co_await operation;
            } catch (const std::system_error& error) {
                co_return error.code();
            }
            co_return std::error_code();
        };
        char data[10];
        Future<std::error_code> reader = create_task(error_of(Operation(server, IoVerb::read, data, sizeof data)));
        Future<std::error_code> writer = create_task(error_of(write(server, "more than there is room for")));
        co_await sleep(1ms);
        const linger reset{1, 0};
        checked(::setsockopt(client.fd(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset), "setsockopt");
        client.close();
        const std::error_code read_error = co_await reader;
        const std::error_code write_error = co_await writer;
        if (read_error) {
            EXPECT_EQ(read_error, std::errc::connection_reset);
            EXPECT_EQ(write_error, std::errc::broken_pipe);
        } else {
            EXPECT_EQ(write_error, std::errc::connection_reset);
        }
    });
}

TEST_P(IoTest, TriesOnceWithoutWaiting) {
    run([]() -> Task<void> {
        auto pair = co_await tcp_pair();
        const auto& [client, server] = pair;
        char data[100];
        EXPECT_EQ(OperationAwaiter(*server, IoVerb::read, data, sizeof data, 0).try_it(), -EAGAIN);
        const std::string big(20'000'000, 'x');
        // What there is room for counts, or it would be sent twice.
        const std::int64_t part =
            OperationAwaiter(*client, IoVerb::write, const_cast<char*>(big.data()), big.size(), 0).try_it();
        EXPECT_GT(part, 0);
        EXPECT_LT(part, static_cast<std::int64_t>(big.size()));
        std::int64_t received = 0;
        while (received < part) {
            const std::string some = co_await read(server, 1'000'000);
            received += static_cast<std::int64_t>(some.size());
        }
        EXPECT_EQ(received, part);
        EXPECT_EQ(OperationAwaiter(*server, IoVerb::read, data, sizeof data, 0).try_it(), -EAGAIN);
    });
}

TEST_P(IoTest, MovesTenThousandMessagesThroughOneConnection) {
    run([]() -> Task<void> {
        auto pair = co_await tcp_pair();
        const auto& [client, server] = pair;
        auto echo = [](const End& end) -> Task<void> {
            for (;;) {
                const std::string message = co_await read(end);
                if (message.empty()) co_return;
                co_await write(end, message);
            }
        };
        Future<void> echoing = create_task(echo(server));
        for (int i = 0; i < 10'000; ++i) {
            const std::string message = "message " + std::to_string(i);
            co_await write(client, message);
            const std::string answer = co_await read(client);
            EXPECT_EQ(answer, message);
        }
        ::shutdown(client.fd(), SHUT_WR);
        co_await echoing;
    });
}

// More than the ring of the io_uring back end holds, in one turn of the loop.
TEST_P(IoTest, WaitsForManyDescriptorsAtATime) {
    run([]() -> Task<void> {
        constexpr int kPairs = 450;
        std::vector<End> clients, servers;
        for (int i = 0; i < kPairs; ++i) {
            auto [client, server] = unix_pair();
            clients.push_back(std::move(client));
            servers.push_back(std::move(server));
        }
        for (int round = 0; round < 20; ++round) {
            std::vector<Task<std::string>> reads;
            for (const End& server : servers) reads.push_back(read(server));
            std::vector<Task<std::string>> answers;
            auto send_all = [](const std::vector<End>& ends) -> Task<std::vector<std::string>> {
                co_await yield_now();
                for (std::size_t i = 0; i < ends.size(); ++i) send_now(ends[i], std::to_string(i));
                co_return std::vector<std::string>();
            };
            auto [received, nothing] = co_await gather(gather(std::move(reads)), send_all(clients));
            std::size_t right = 0;
            for (std::size_t i = 0; i < received.size(); ++i) right += received[i] == std::to_string(i);
            EXPECT_EQ(right, servers.size());
        }
    });
}

}  // namespace
}  // namespace hocket::test
