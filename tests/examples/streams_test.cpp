// Rows B8 and I17; programs as streams.
#include <sys/resource.h>
#include <sys/socket.h>

#include <csignal>
#include <memory>

#include "example.hpp"
#include "hocket/net.hpp"
#include "hocket/threading.hpp"

namespace hocket::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class EchoTasks : public ::testing::Test {
protected:
    EchoTasks() : server({std::string(HOCKET_EXAMPLES) + "/servers/echo_tasks"}) {
        EXPECT_TRUE(server.wait_for_output("\n", 20s));
        port_ = static_cast<std::uint16_t>(number_after(server.output, "listening on port "));
    }
    Socket connect() const { return Socket::connect("127.0.0.1", port_); }
    void end() {
        server.send_signal(SIGINT);
        EXPECT_TRUE(server.wait_for(20s));
        EXPECT_EQ(server.status(), 0);
        EXPECT_THAT(server.output, HasSubstr("closed\n"));
    }
    ChildProcess server;

private:
    std::uint16_t port_ = 0;
};

std::string ask(const Socket& socket, const std::string& line) {
    socket.send(line + "\n");
    return socket.recv_exactly(line.size() + 5);
}

TEST_F(EchoTasks, ServesManyOnOneThread) {
    std::vector<Socket> clients;
    for (int i = 0; i < 100; ++i) clients.push_back(connect());
    for (std::size_t i = clients.size(); i-- > 0;)
        EXPECT_EQ(ask(clients[i], std::to_string(i)), "GOT:" + std::to_string(i) + "\n");
    end();
    for (const Socket& client : clients) EXPECT_EQ(client.recv(100), "");
    EXPECT_THAT(server.output, HasSubstr("closing, with 100 clients\n"));
    EXPECT_EQ(server.errors, "");
}

TEST_F(EchoTasks, TheEndOfOneClientIsItsOwn) {
    Socket other = connect();
    {
        Socket leaving = connect();
        EXPECT_EQ(ask(leaving, "bye"), "GOT:bye\n");
        leaving.send("a last line without its end");
        leaving.shutdown_send();
        EXPECT_EQ(leaving.recv_exactly(32), "GOT:a last line without its end\n");
        EXPECT_EQ(leaving.recv(100), "");
    }
    EXPECT_EQ(ask(other, "still there?"), "GOT:still there?\n");
    end();
}

TEST_F(EchoTasks, AResetIsTheClientsOwn) {
    const Socket other = connect();
    {
        const Socket leaving = connect();
        EXPECT_EQ(ask(leaving, "hello"), "GOT:hello\n");
        const linger now{1, 0};
        ::setsockopt(leaving.fileno(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }
    EXPECT_EQ(ask(other, "still there?"), "GOT:still there?\n");
    end();
    EXPECT_EQ(server.errors, "");
}

TEST_F(EchoTasks, ServesMoreThanSelectCan) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    ::prlimit(server.pid(), RLIMIT_NOFILE, &limit, nullptr);
    std::vector<Socket> clients;
    for (int i = 0; i < 1100; ++i) clients.push_back(connect());
    EXPECT_EQ(ask(clients.front(), "first"), "GOT:first\n");
    EXPECT_EQ(ask(clients.back(), "last"), "GOT:last\n");
    end();
    EXPECT_THAT(server.output, HasSubstr("closing, with 1100 clients\n"));
}

TEST_F(EchoTasks, SlowReadersGetEverything) {
    const Socket slow = connect();
    const std::string line(60'000, 'x');
    constexpr int kLines = 100;  // more than fits into the connection
    Thread sender([&] {
        for (int i = 0; i < kLines; ++i) slow.send(line + "\n");
    });
    const Socket other = connect();
    EXPECT_EQ(ask(other, "hello"), "GOT:hello\n");
    for (int i = 0; i < kLines; ++i) EXPECT_EQ(slow.recv_exactly(line.size() + 5), "GOT:" + line + "\n");
    sender.join();
    end();
}

TEST_F(EchoTasks, ALineWithoutEndIsRefusedAndReported) {
    const Socket endless = connect();
    const Socket other = connect();
    Thread sender([&] {
        try {
            for (;;) endless.send(std::string(10'000, 'x'));
        } catch (const std::system_error&) {
            // cut off
        }
    });
    sender.join();
    EXPECT_EQ(ask(other, "hello"), "GOT:hello\n");
    end();
    EXPECT_THAT(server.errors, HasSubstr("longer than the limit of 65536 bytes"));
}

// The program with `input` (for printf) as its standard input.
std::unique_ptr<ChildProcess> number_lines(const std::string& input) {
    const std::string program = std::string(HOCKET_EXAMPLES) + "/streams/number_lines";
    auto process =
        std::make_unique<ChildProcess>(std::vector<std::string>{"sh", "-c", "printf '" + input + "' | " + program});
    EXPECT_TRUE(process->wait_for(20s));
    EXPECT_EQ(process->status(), 0);
    return process;
}

TEST(NumberLines, TheLastLineMayLackItsEnd) {
    EXPECT_EQ(number_lines("one\\n\\ntwo")->output, "1\tone\n2\t\n3\ttwo\n");
    EXPECT_EQ(number_lines("one\\n")->output, "1\tone\n");
    const auto nothing = number_lines("");
    EXPECT_EQ(nothing->output, "");
    EXPECT_EQ(nothing->errors, "0 lines, 0 s of waiting\n");
}

TEST(NumberLines, ReadsFilesToo) {
    const std::string program = std::string(HOCKET_EXAMPLES) + "/streams/number_lines";
    ChildProcess process({"sh", "-c", program + " < /proc/self/status"});
    EXPECT_TRUE(process.wait_for(20s));
    EXPECT_THAT(process.output, ::testing::StartsWith("1\tName:"));
}

TEST(Pipeline, TalksToProgramsAndEndsThem) {
    expect_lines(Example("streams/pipeline", {"pear", "apple", "pear", "Fig"}),
                 "Fig\napple\npear\nthe sleeper takes too long\nit was ended by signal 15\n");
}

TEST(Pipeline, MoreThanPipesHold) {
    std::vector<std::string> words;
    std::string expected;
    for (int i = 10'000; i < 40'000; ++i) {
        words.push_back(std::to_string(i));
        expected += words.back() + "\n";
    }
    expect_lines(Example("streams/pipeline", words),
                 expected + "the sleeper takes too long\nit was ended by signal 15\n");
}

}  // namespace
}  // namespace hocket::testing
