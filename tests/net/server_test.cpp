// Servers: connections, limits, failures, the end.
#include "hocket/net/server.hpp"

#include <gmock/gmock.h>

#include "hocket/net/connection.hpp"
#include "net/stream_fixture.hpp"
#include "report_capture.hpp"

namespace hocket::test {
namespace {

using ::testing::HasSubstr;

class ServerTest : public OnBothBackends {};
HOCKET_ON_BOTH_BACKENDS(ServerTest);

Task<void> echo_lines(Stream stream) {
    while (const auto line = co_await stream.read_until("\n")) co_await stream.write(*line);
}

Task<std::string> ask(std::uint16_t port, std::string text) {
    Stream stream = co_await open_connection("127.0.0.1", port);
    co_await stream.write(text + "\n");
    const auto answer = co_await stream.read_line();
    co_return answer.value_or("nothing");
}

/// Waits for something that other tasks of the loop bring about.
template <class Condition>
Task<void> until(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) throw TimeoutError("waited for ten seconds");
        co_await yield_now();
    }
}

TEST_P(ServerTest, ServesManyAtTheSameTime) {
    run([]() -> Task<void> {
        Server server = co_await start_server("127.0.0.1", 0, echo_lines);
        EXPECT_NE(server.port(), 0);
        EXPECT_EQ(server.addresses().front().to_string(), "127.0.0.1:" + std::to_string(server.port()));
        std::vector<Task<std::string>> clients;
        for (int i = 0; i < 100; ++i) clients.push_back(ask(server.port(), std::to_string(i)));
        const std::vector<std::string> answers = co_await gather(std::move(clients));
        for (std::size_t i = 0; i < answers.size(); ++i) EXPECT_EQ(answers[i], std::to_string(i));
        co_await until([&] { return server.connections() == 0; });
        co_await server.close();
    });
}

TEST_P(ServerTest, CloseCancelsTheHandlersAndWaitsForTheirEnds) {
    run([]() -> Task<void> {
        int cleaned_up = 0;
        auto handler = [&](Stream stream) -> Task<void> {
            auto clean_up = [&]() -> Task<void> {
                co_await yield_now();
                ++cleaned_up;
            };
            co_await finally(stream.read(), clean_up);
        };
        Server server = co_await start_server("127.0.0.1", 0, handler);
        std::vector<Stream> clients;
        for (int i = 0; i < 3; ++i) clients.push_back(co_await open_connection("127.0.0.1", server.port()));
        co_await until([&] { return server.connections() == 3; });
        co_await server.close();
        EXPECT_EQ(cleaned_up, 3);
        EXPECT_EQ(server.connections(), 0u);
        for (Stream& client : clients) {
            const std::string end = co_await client.read();
            EXPECT_EQ(end, "");
        }
        const std::error_code late = co_await error_of(open_connection("127.0.0.1", server.port()));
        EXPECT_EQ(late, std::errc::connection_refused);
        co_await server.close();  // once more does nothing
    });
}

TEST_P(ServerTest, DrainingLetsHandlersEnd) {
    run([]() -> Task<void> {
        ServerOptions options;
        options.drain = 20s;
        Server server = co_await start_server("127.0.0.1", 0, echo_lines, options);
        Stream client = co_await open_connection("127.0.0.1", server.port());
        co_await until([&] { return server.connections() == 1; });
        Future<void> closing = create_task(server.close());
        co_await settle();
        EXPECT_FALSE(closing.done());
        co_await client.write("still served\n");
        const auto answer = co_await client.read_line();
        EXPECT_EQ(answer, "still served");
        const std::error_code late = co_await error_of(open_connection("127.0.0.1", server.port()));
        EXPECT_EQ(late, std::errc::connection_refused);
        client.close();
        co_await closing;
    });
}

TEST_P(ServerTest, TheDrainEnds) {
    run([]() -> Task<void> {
        ServerOptions options;
        options.drain = 1ms;
        Server server = co_await start_server("127.0.0.1", 0, echo_lines, options);
        Stream client = co_await open_connection("127.0.0.1", server.port());
        co_await until([&] { return server.connections() == 1; });
        co_await server.close();
        const std::string end = co_await client.read();
        EXPECT_EQ(end, "");
    });
}

TEST_P(ServerTest, AHurriedCloseCancelsAtOnceAndStillWaits) {
    run([]() -> Task<void> {
        ServerOptions options;
        options.drain = 1h;
        Server server = co_await start_server("127.0.0.1", 0, echo_lines, options);
        const Stream client = co_await open_connection("127.0.0.1", server.port());
        co_await until([&] { return server.connections() == 1; });
        Future<void> closing = create_task(server.close());
        co_await settle();
        closing.cancel();
        (void)co_await thrown_by<CancelledError>(std::move(closing));
        EXPECT_EQ(server.connections(), 0u);
    });
}

TEST_P(ServerTest, AHandlersFailureIsReportedAndEndsItsConnectionOnly) {
    run([]() -> Task<void> {
        ReportCapture reports;
        auto handler = [](Stream stream) -> Task<void> {
            while (const auto line = co_await stream.read_line()) {
                if (*line == "fail") throw std::runtime_error("asked to");
                co_await stream.write(*line + "\n");
            }
        };
        Server server = co_await start_server("127.0.0.1", 0, handler);
        Stream other = co_await open_connection("127.0.0.1", server.port());
        const std::string lost = co_await ask(server.port(), "fail");
        EXPECT_EQ(lost, "nothing");
        EXPECT_EQ(reports.text(),
                  "a handler of the server on 127.0.0.1:" + std::to_string(server.port()) + " failed: asked to\n");
        EXPECT_EQ(reports.kind(0), ReportKind::lost_exception);
        co_await other.write("hello\n");
        const auto answer = co_await other.read_line();
        EXPECT_EQ(answer, "hello");
        co_await server.close();
        EXPECT_EQ(reports.count(), 1u);
    });
}

TEST_P(ServerTest, MoreThanTheLimitWait) {
    run([]() -> Task<void> {
        ServerOptions options;
        options.max_connections = 2;
        Server server = co_await start_server("127.0.0.1", 0, echo_lines, options);
        std::vector<Stream> clients;
        for (int i = 0; i < 4; ++i) {
            clients.push_back(co_await open_connection("127.0.0.1", server.port()));
            co_await clients.back().write("x\n");
        }
        for (int i = 0; i < 2; ++i) {
            const auto answer = co_await clients[static_cast<std::size_t>(i)].read_line();
            EXPECT_EQ(answer, "x");
        }
        Future<std::optional<std::string>> third = create_task(clients[2].read_line());
        for (int i = 0; i < 50; ++i) co_await yield_now();
        EXPECT_FALSE(third.done());
        EXPECT_EQ(server.connections(), 2u);
        clients[0].close();
        const auto answer = co_await third;
        EXPECT_EQ(answer, "x");
        EXPECT_EQ(server.connections(), 2u);
        co_await server.close();
    });
}

TEST_P(ServerTest, SurvivesTheLackOfDescriptors) {
    run([]() -> Task<void> {
        ReportCapture reports;
        Server server = co_await start_server("127.0.0.1", 0, echo_lines);
        const std::string warm = co_await ask(server.port(), "before");
        EXPECT_EQ(warm, "before");
        co_await until([&] { return server.connections() == 0; });
        std::vector<Socket> clients;
        for (int i = 0; i < 2; ++i)
            clients.emplace_back(checked(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket"));
        {
            const NoDescriptorsLeft none;
            const Address address = server.addresses().front();
            for (const Socket& client : clients)
                (void)::connect(client.fileno(), address.data(), static_cast<socklen_t>(address.size()));
            co_await until([&] { return reports.count() > 0; });
            EXPECT_THAT(reports.text(), HasSubstr("cannot accept connections for now, and tries again: "));
            EXPECT_EQ(reports.kind(0), ReportKind::accept_failed);
            EXPECT_LT(server.connections(), 2u);  // io_uring has set aside a descriptor for the first
            co_await sleep(250ms);                // at least two more attempts
        }
        for (Socket& client : clients) {
            send_now(client, "hello\n");
            const std::string answer = co_await receive(client);
            EXPECT_EQ(answer, "hello\n");
            client.close();
        }
        EXPECT_EQ(reports.count(), 1u) << reports.text();
        co_await server.close();
    });
}

TEST_P(ServerTest, AHandlerCannotWaitForItsOwnServer) {
    run([]() -> Task<void> {
        Server server;
        std::string refusal;
        Future<void> closing;
        auto handler = [&](Stream stream) -> Task<void> {
            (void)co_await stream.read_line();
            const InvalidStateError error = co_await thrown_by<InvalidStateError>(server.close());
            refusal = error.what();
            closing = create_task(server.close());
            co_await stream.read();
        };
        server = co_await start_server("127.0.0.1", 0, handler);
        const std::string answer = co_await ask(server.port(), "quit");
        EXPECT_EQ(answer, "nothing");
        EXPECT_THAT(refusal, HasSubstr("cannot wait for the end of its own server"));
        co_await closing;
    });
}

TEST_P(ServerTest, ServesUntilItsTaskIsCancelled) {
    run([]() -> Task<void> {
        Server server = co_await start_server("127.0.0.1", 0, echo_lines);
        Future<void> serving = create_task(server.serve_forever());
        Stream client = co_await open_connection("127.0.0.1", server.port());
        co_await until([&] { return server.connections() == 1; });
        EXPECT_FALSE(serving.done());
        serving.cancel();
        (void)co_await thrown_by<CancelledError>(std::move(serving));
        EXPECT_EQ(server.connections(), 0u);
        const std::string end = co_await client.read();
        EXPECT_EQ(end, "");
    });
}

TEST_P(ServerTest, ServesUntilItIsClosed) {
    run([]() -> Task<void> {
        Server server = co_await start_server("127.0.0.1", 0, echo_lines);
        Future<void> serving = create_task(server.serve_forever());
        co_await settle();
        co_await server.close();
        co_await serving;
    });
}

TEST_P(ServerTest, ADestroyedServerEnds) {
    run([]() -> Task<void> {
        Stream client;
        {
            const Server server = co_await start_server("127.0.0.1", 0, echo_lines);
            client = co_await open_connection("127.0.0.1", server.port());
            co_await until([&] { return server.connections() == 1; });
        }
        const std::string end = co_await client.read();
        EXPECT_EQ(end, "");
    });
}

TEST_P(ServerTest, ANameMeansAllItsAddresses) {
    run([]() -> Task<void> {
        Server server = co_await start_server("localhost", 0, echo_lines);
        for (const Address& address : server.addresses()) {
            EXPECT_EQ(address.port(), server.port());
            Stream client = co_await open_connection(address);
            co_await client.write("hello\n");
            const auto answer = co_await client.read_line();
            EXPECT_EQ(answer, "hello");
        }
        co_await server.close();
        (void)co_await thrown_by<ResolveError>(start_server("no such name", 0, echo_lines));
    });
}

TEST_P(ServerTest, SeveralCanShareAPort) {
    run([]() -> Task<void> {
        ServerOptions options;
        options.reuse_port = true;
        Server first = co_await start_server("127.0.0.1", 0, echo_lines, options);
        Server second = co_await start_server("127.0.0.1", first.port(), echo_lines, options);
        std::vector<Stream> clients;
        // Which of the two gets a connection is drawn from its port: all 64 at one is as likely as 1 in 2^63.
        for (int i = 0; i < 64; ++i) clients.push_back(co_await open_connection("127.0.0.1", first.port()));
        co_await until([&] { return first.connections() + second.connections() == 64; });
        EXPECT_GT(first.connections(), 0u);
        EXPECT_GT(second.connections(), 0u);
        const std::error_code taken = co_await error_of(start_server("127.0.0.1", first.port(), echo_lines));
        EXPECT_EQ(taken, std::errc::address_in_use);
        co_await first.close();
        co_await second.close();
    });
}

class Folder {
public:
    Folder() {
        char name[] = "/tmp/hocket_unix_XXXXXX";
        if (!::mkdtemp(name)) throw std::system_error(errno, std::generic_category(), "mkdtemp");
        path = name;
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path); }
    std::filesystem::path path;
};

TEST_P(ServerTest, ListensOnUnixSockets) {
    run([]() -> Task<void> {
        const Folder folder;
        const std::string path = folder.path / "echo.sock";
        Server server = co_await start_unix_server(path, echo_lines);
        EXPECT_EQ(server.port(), 0);
        EXPECT_EQ(server.addresses().front().host(), path);
        Stream client = co_await open_unix_connection(path);
        co_await client.write("hello\n");
        const auto answer = co_await client.read_line();
        EXPECT_EQ(answer, "hello");
        const std::error_code taken = co_await error_of(start_unix_server(path, echo_lines));
        EXPECT_EQ(taken, std::errc::address_in_use) << "somebody listens there";
        co_await client.write("hello\n");
        const auto again = co_await client.read_line();
        EXPECT_EQ(again, "hello");
        co_await server.close();
        EXPECT_FALSE(std::filesystem::exists(path));
    });
}

TEST_P(ServerTest, TheFileOfADeadUnixServerIsReplaced) {
    run([]() -> Task<void> {
        const Folder folder;
        const std::string path = folder.path / "echo.sock";
        { const Listener dead = Listener::bind(Address::unix_path(path)); }
        EXPECT_TRUE(std::filesystem::exists(path));
        Server server = co_await start_unix_server(path, echo_lines);
        Stream client = co_await open_unix_connection(path);
        co_await client.write("hello\n");
        const auto answer = co_await client.read_line();
        EXPECT_EQ(answer, "hello");
        std::filesystem::rename(path, path + ".moved");
        const Listener other = Listener::bind(Address::unix_path(path));
        co_await server.close();
        EXPECT_TRUE(std::filesystem::exists(path)) << "it belongs to somebody else by now";
    });
}

TEST_P(ServerTest, AnotherKindOfFileIsNotReplaced) {
    run([]() -> Task<void> {
        const Folder folder;
        const std::error_code error = co_await error_of(start_unix_server(folder.path, echo_lines));
        EXPECT_EQ(error, std::errc::address_in_use);
        EXPECT_TRUE(std::filesystem::exists(folder.path));
    });
}

TEST_P(ServerTest, AnEmptyServerSaysSo) {
    run([]() -> Task<void> {
        Server server;
        EXPECT_THROW((void)server.port(), InvalidStateError);
        EXPECT_THROW((void)server.close(), InvalidStateError);
        EXPECT_EQ(server.connections(), 0u);
        (void)co_await thrown_by<std::invalid_argument>(start_server("127.0.0.1", 0, StreamHandler()));
    });
}

TEST_P(ServerTest, ConnectsFromAChosenAddress) {
    run([]() -> Task<void> {
        Server server = co_await start_server("127.0.0.1", 0, echo_lines);
        ConnectOptions options;
        options.from = Address::ip("127.0.0.2", 0);
        const Stream client = co_await open_connection("127.0.0.1", server.port(), options);
        EXPECT_EQ(client.local_address().host(), "127.0.0.2");
        options.family = Address::Family::ipv6;
        (void)co_await thrown_by<ResolveError>(open_connection("127.0.0.1", server.port(), options));
        co_await server.close();
    });
}

}  // namespace
}  // namespace hocket::test
