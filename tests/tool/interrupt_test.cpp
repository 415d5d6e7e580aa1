// Ctrl-C and SIGTERM, whatever `hocket load` is doing.
#include <fcntl.h>
#include <sys/stat.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "tool/tool.hpp"

namespace hocket::testing {
namespace {

using nlohmann::json;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Whether the system has a TCP connection to this loopback port of which it has heard nothing yet.
bool somebody_knocks_at(std::uint16_t port) {
    char wanted[40];
    std::snprintf(wanted, sizeof wanted, " 0100007F:%04X 02 ", port);  // 127.0.0.1, SYN_SENT
    std::ifstream file("/proc/net/tcp");
    for (std::string line; std::getline(file, line);) {
        if (line.find(wanted) != std::string::npos) return true;
    }
    return false;
}

// Whether the process keeps the signal from itself.
bool blocks(pid_t process, int signal) {
    std::ifstream file("/proc/" + std::to_string(process) + "/status");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("SigBlk:")) return (std::stoull(line.substr(8), nullptr, 16) >> (signal - 1) & 1) != 0;
    }
    return false;
}

template <class Condition>
void wait_until(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + kLimit;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("it never came true");
        std::this_thread::yield();
    }
}

class Interrupted : public ::testing::TestWithParam<int> {
protected:
    // Sends the signal, and expects the end within a second.
    static void interrupt(Tool& tool) {
        const auto sent = std::chrono::steady_clock::now();
        tool.send_signal(GetParam());
        EXPECT_EQ(tool.result(), 130);
        EXPECT_LT(std::chrono::steady_clock::now() - sent, kOneSecond);
    }
};
INSTANTIATE_TEST_SUITE_P(By, Interrupted, ::testing::Values(SIGINT, SIGTERM),
                         [](const auto& info) { return info.param == SIGINT ? "SIGINT" : "SIGTERM"; });

TEST_P(Interrupted, SumsUpWhatWasDoneOfATime) {
    AnsweringServer server;
    Tool tool({"load", server.url(), "-z", "1h", "-c", "4"});
    server.wait_for_requests(100);
    interrupt(tool);
    EXPECT_THAT(tool.output, HasSubstr("Interrupted before the 1h were over"));
    EXPECT_THAT(tool.output, HasSubstr("Latency"));
    EXPECT_THAT(tool.output, ContainsRegex("Status +200 "));
    EXPECT_THAT(tool.output, ContainsRegex("Errors +none"));
    EXPECT_THAT(tool.errors, IsEmpty());
}

TEST_P(Interrupted, SumsUpWhatWasDoneOfANumber) {
    AnsweringServer server;
    Tool tool({"load", server.url(), "-n", "1000000000", "-c", "4", "--json", "-"});
    server.wait_for_requests(100);
    interrupt(tool);
    const json report = json::parse(tool.output);
    EXPECT_EQ(report["interrupted"], true);
    EXPECT_GE(report["requests"], 90);
    EXPECT_LE(report["unfinished"], 4);
    EXPECT_THAT(tool.errors, ContainsRegex("Interrupted after [0-9,]+ of 1,000,000,000 requests"));
}

TEST_P(Interrupted, DoesNotWaitForAServerThatNeverAnswers) {
    SilentServer server;
    Tool tool({"load", server.url(), "-c", "4", "--timeout", "1h", "-z", "1h"});
    server.wait_for_requests(1);
    interrupt(tool);
    EXPECT_THAT(tool.output, ContainsRegex("Requests +0 "));
    EXPECT_THAT(tool.output, ContainsRegex("Unfinished +[1-4] under way"));
}

TEST_P(Interrupted, DoesNotWaitForAServerThatDoesNotLetItIn) {
    ListenOptions full;
    full.backlog = 0;
    const Listener listener = Listener::bind("127.0.0.1", 0, full);
    const Socket filler = run(Socket::async_connect(listener.local_address()));
    const std::string url = "http://127.0.0.1:" + std::to_string(listener.port()) + "/";
    Tool tool({"load", url, "--timeout", "1h"});
    wait_until([&] { return somebody_knocks_at(listener.port()); });
    interrupt(tool);
    EXPECT_THAT(tool.output, IsEmpty());
    EXPECT_EQ(tool.errors, "hocket load: interrupted before " + url + " had answered\n");
}

TEST_P(Interrupted, EndsTheEmbeddedTargetToo) {
    Tool tool({"load", "-z", "1h"});
    ASSERT_TRUE(tool.wait_for_stderr("embedded target at http://127.0.0.1:", kLimit));
    interrupt(tool);
}

// Where nobody reads its output, the program cannot finish its summary; a second Ctrl-C must not wait for that.
TEST_P(Interrupted, LeavesAtOnceTheSecondTime) {
    const TemporaryFolder folder;
    const std::string pipe = folder / "pipe";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    const int reading = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    const int writing = ::open(pipe.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    ASSERT_GE(reading, 0);
    ASSERT_GE(writing, 0);
    const std::string block(4096, 'x');
    while (::write(writing, block.data(), block.size()) > 0) continue;  // full

    SilentServer server;
    ChildProcess tool({"sh", "-c", "exec \"$0\" load \"$1\" -z 1h >\"$2\"", HOCKET_TOOL, server.url(), pipe});
    server.wait_for_requests(1);
    tool.send_signal(GetParam());
    wait_until([&] { return !blocks(tool.pid(), GetParam()); });
    EXPECT_FALSE(tool.wait_for(50ms)) << "it has ended though nobody has read its summary";

    const auto sent = std::chrono::steady_clock::now();
    tool.send_signal(GetParam());
    ASSERT_TRUE(tool.wait_for(kLimit));
    EXPECT_LT(std::chrono::steady_clock::now() - sent, kOneSecond);
    EXPECT_EQ(tool.status(), 128 + GetParam());
    ::close(reading);
    ::close(writing);
}

}  // namespace
}  // namespace hocket::testing
