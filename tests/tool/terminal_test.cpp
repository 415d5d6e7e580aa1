// `hocket load` on a terminal: the line that is redrawn, and what is left of it at the end.
#include <fstream>
#include <optional>

#include "held_port.hpp"
#include "tool/terminal_process.hpp"
#include "tool/tool.hpp"

namespace hocket::testing {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr unsigned short kColumns = 100;
const std::string kClear = "\r\x1b[K";

class ToolOnTerminal : public ::testing::Test {
protected:
    void SetUp() override {
        ::setenv("TERM", "xterm", 1);
        ::setenv("LC_ALL", "C", 1);  // so that columns are bytes
    }
    TerminalProcess& start(std::vector<std::string> arguments) {
        process_.emplace(command_line(std::move(arguments)), kColumns);
        return *process_;
    }
    AnsweringServer server_;
    std::optional<TerminalProcess> process_;
};

// What was drawn over itself, without the clearing at the end, and what came after that.
struct Screen {
    explicit Screen(const std::string& text) {
        const std::size_t cleared = text.find(kClear);
        EXPECT_NE(cleared, std::string::npos) << "the line was not cleared";
        if (cleared == std::string::npos) return;
        rest = text.substr(cleared + kClear.size());
        for (std::size_t from = text.find('\r'); from < cleared;) {
            const std::size_t next = std::min(text.find('\r', from + 1), cleared);
            lines.push_back(text.substr(from + 1, next - from - 1));
            from = next;
        }
        EXPECT_EQ(text.find('\r'), lines.empty() ? cleared : 0u) << "something stands before the line";
    }
    std::vector<std::string> lines;
    std::string rest;
};

TEST_F(ToolOnTerminal, RedrawsOneLineAtMostTenTimesASecond) {
    const auto started = std::chrono::steady_clock::now();
    TerminalProcess& tool = start({"load", server_.url(), "-z", "1s", "-c", "2"});
    ASSERT_TRUE(tool.wait_for_end(kLimit));
    const auto took = std::chrono::steady_clock::now() - started;
    EXPECT_EQ(tool.status(), 0);
    const Screen screen(tool.screen);
    EXPECT_GE(screen.lines.size(), 2u);
    EXPECT_LE(screen.lines.size(), static_cast<std::size_t>(took / 100ms));
    for (const std::string& line : screen.lines) {
        EXPECT_EQ(line.size(), kColumns - 1u) << "it must cover the one before, and not wrap: " << line;
        EXPECT_THAT(line, HasNoControlCharacters());
        EXPECT_THAT(line, ContainsRegex("[0-9]+%.*/1s .*req/s.*p50.*p99.*0 errors"));
    }
    EXPECT_THAT(screen.rest, HasNoControlCharacters());
    EXPECT_THAT(screen.rest, HasSubstr("Latency"));
}

TEST_F(ToolOnTerminal, CountsRequestsIfTheseAreTheLimit) {
    SilentServer silent;
    TerminalProcess& tool = start({"load", silent.url(), "-n", "500", "-c", "2"});
    ASSERT_TRUE(tool.wait_for_text("0/500", kLimit)) << tool.screen;
    tool.type("\x03");
    ASSERT_TRUE(tool.wait_for_end(kLimit));
    EXPECT_EQ(tool.status(), 130);
}

TEST_F(ToolOnTerminal, CtrlCClearsTheLineAndSumsUp) {
    TerminalProcess& tool = start({"load", server_.url(), "-z", "1h", "-c", "2"});
    ASSERT_TRUE(tool.wait_for_text("req/s", kLimit)) << tool.screen;
    tool.type("\x03");
    const auto typed = std::chrono::steady_clock::now();
    ASSERT_TRUE(tool.wait_for_end(kLimit));
    EXPECT_LT(std::chrono::steady_clock::now() - typed, kOneSecond);
    EXPECT_EQ(tool.status(), 130);
    const Screen screen(tool.screen);
    EXPECT_FALSE(screen.lines.empty());
    EXPECT_THAT(screen.rest, HasNoControlCharacters());
    EXPECT_THAT(screen.rest, HasSubstr("Interrupted before the 1h were over"));
}

TEST_F(ToolOnTerminal, IsQuietIfToldSoOrIfTheTerminalIsTooSimple) {
    TerminalProcess& quiet = start({"load", server_.url(), "-z", "350ms", "-q"});
    ASSERT_TRUE(quiet.wait_for_end(kLimit));
    EXPECT_EQ(quiet.status(), 0);
    EXPECT_THAT(quiet.screen, HasNoControlCharacters());
    EXPECT_THAT(quiet.screen, HasSubstr("Latency"));

    ::setenv("TERM", "dumb", 1);
    TerminalProcess& dumb = start({"load", server_.url(), "-z", "350ms"});
    ASSERT_TRUE(dumb.wait_for_end(kLimit));
    EXPECT_THAT(dumb.screen, HasNoControlCharacters());
    EXPECT_THAT(dumb.screen, HasSubstr("Latency"));
}

TEST_F(ToolOnTerminal, ShowsTheLineWhileTheResultGoesToAFile) {
    const TemporaryFolder folder;
    process_.emplace(std::vector<std::string>{"sh", "-c", "exec \"$0\" load \"$1\" -z 350ms >\"$2\"", HOCKET_TOOL,
                                              server_.url(), folder / "result"},
                     kColumns);
    ASSERT_TRUE(process_->wait_for_end(kLimit));
    EXPECT_EQ(process_->status(), 0);
    const Screen screen(process_->screen);
    EXPECT_FALSE(screen.lines.empty());
    EXPECT_THAT(screen.rest, IsEmpty());
    std::ifstream file(folder / "result");
    const std::string result(std::istreambuf_iterator<char>(file), {});
    EXPECT_THAT(result, HasSubstr("Latency"));
    EXPECT_THAT(result, HasNoControlCharacters());
}

TEST_F(ToolOnTerminal, LeavesNoLineBehindWhenTheServerRefuses) {
    const HeldPort held;
    const std::uint16_t port = held.port();
    TerminalProcess& tool = start({"load", "127.0.0.1:" + std::to_string(port)});
    ASSERT_TRUE(tool.wait_for_end(kLimit));
    EXPECT_EQ(tool.status(), 1);
    EXPECT_THAT(tool.screen, StartsWith("hocket load: cannot reach "));
    EXPECT_THAT(tool.screen, HasNoControlCharacters());
    EXPECT_THAT(tool.screen, IsOneLine());
}

}  // namespace
}  // namespace hocket::testing
