// `hocket serve`, used with curl. (tests/load/target_test.cpp has what it answers to what.)
#include <csignal>
#include "tool/serving.hpp"

namespace hocket::testing {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

// What curl says; `arguments` decide about what.
std::string curl(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"curl", "--silent", "--show-error", "--max-time", "30"});
    ChildProcess curl(arguments);
    if (!curl.wait_for(kLimit) || curl.status() != 0) ADD_FAILURE() << "curl failed: " << curl.errors;
    return curl.output;
}

TEST(ToolServe, SaysWhereItListensAndAnswers) {
    Serving serving;
    EXPECT_THAT(serving.tool().output,
                ContainsRegex("^hocket serve: listening on http://127.0.0.1:[0-9]+/ \\(Ctrl-C ends it\\)\n$"));
    EXPECT_EQ(curl({serving.url()}), "Hello, world\n");
    EXPECT_EQ(curl({"--data", "say it again", serving.url() + "echo"}), "say it again");
    EXPECT_EQ(curl({serving.url(), serving.url()}), "Hello, world\nHello, world\n") << "on one connection";
}

TEST(ToolServe, AnswersAsItIsTold) {
    Serving serving({"--status", "503", "--body-size", "10k", "--delay", "30ms", "--host", "127.0.0.1"});
    const std::string answer = curl(
        {"--output", "/dev/null", "--write-out", "%{http_code} %{size_download} %{time_starttransfer}", serving.url()});
    EXPECT_THAT(answer, StartsWith("503 10240 "));
    EXPECT_GE(std::stod(answer.substr(answer.rfind(' '))), 0.03);
}

TEST(ToolServe, ListensOnIpv6) {
    try {
        Listener::bind("::1", 0);
    } catch (const std::system_error&) {
        GTEST_SKIP() << "NOT TESTED: this machine has no ::1";
    }
    Serving serving({"--host", "::1"});
    EXPECT_THAT(serving.url(), StartsWith("http://[::1]:"));
    EXPECT_EQ(curl({"--globoff", serving.url()}), "Hello, world\n");
}

class ServeStopped : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(By, ServeStopped, ::testing::Values(SIGINT, SIGTERM),
                         [](const auto& info) { return info.param == SIGINT ? "SIGINT" : "SIGTERM"; });

TEST_P(ServeStopped, EndsWellAlsoWithConnectionsOpen) {
    Serving serving({"--threads", "2"});
    run([](std::uint16_t port, Tool& tool) -> Task<void> {
        const Socket idle = co_await Socket::async_connect("127.0.0.1", port);
        const Socket used = co_await Socket::async_connect("127.0.0.1", port);
        co_await used.async_send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        char buffer[1000];
        co_await used.async_recv(buffer);
        const auto sent = std::chrono::steady_clock::now();
        tool.send_signal(GetParam());
        EXPECT_EQ(tool.result(), 0);
        EXPECT_LT(std::chrono::steady_clock::now() - sent, kOneSecond);
    }(serving.port(), serving.tool()));
    EXPECT_THAT(serving.tool().errors, IsEmpty());
    EXPECT_THROW(run(Socket::async_connect("127.0.0.1", serving.port())), std::system_error);
}

TEST(ToolServe, SaysInOneLineThatItCannotListen) {
    const Listener taken = Listener::bind("127.0.0.1", 0);
    Tool tool({"serve", "--port", std::to_string(taken.port())});
    EXPECT_EQ(tool.result(), 1);
    EXPECT_THAT(tool.output, IsEmpty());
    EXPECT_EQ(tool.errors,
              "hocket: listen on 127.0.0.1:" + std::to_string(taken.port()) + ": Address already in use\n");

    Tool named({"serve", "--port", "0", "--host", "example.com"});
    EXPECT_EQ(named.result(), 2);
    EXPECT_THAT(named.output, IsEmpty());
    EXPECT_THAT(named.errors, IsOneLine());
    EXPECT_THAT(named.errors, HasSubstr("--host: 'example.com' is not a numeric address"));
}

TEST(ToolServe, DoesNotShareAPortWithAnotherServer) {
    Serving serving({"--threads", "2"});
    Tool second({"serve", "--threads", "2", "--port", std::to_string(serving.port())});
    EXPECT_EQ(second.result(), 1);
    EXPECT_THAT(second.errors, HasSubstr("Address already in use"));
}

TEST(ToolServe, IsTestedByLoad) {
    Serving serving({"--delay", "1ms"});
    Tool load({"load", serving.url(), "-n", "300", "-c", "10", "--json", "-"});
    EXPECT_EQ(load.result(), 0);
    EXPECT_EQ(nlohmann::json::parse(load.output)["status"], nlohmann::json({{"200", 300}}));
    EXPECT_GE(nlohmann::json::parse(load.output)["latency_us"]["min"], 1000);
}

}  // namespace
}  // namespace hocket::testing
