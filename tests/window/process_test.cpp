// The real program on a real display, with a real server: keys are typed by xdotool, answers are in the window's title,
// in the file that it saves, and in the server's log.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <regex>

#include "nginx.hpp"
#include "tool/tool.hpp"

namespace hocket::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string xdotool(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "xdotool");
    ChildProcess process(std::move(arguments));
    if (!process.wait_for(kLimit)) ADD_FAILURE() << "xdotool does not end";
    std::string text = process.output;
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
}

// Some of it is done: "0 % ·" stands there from the moment on at which it was submitted.
constexpr const char* kRunning = "^[1-9][0-9]* % ·";
constexpr const char* kFinished = "^[0-9,]+ req/s, p99 [^,]* ·";
constexpr const char* kCancelled = "^[0-9,]+ req/s, p99 .*, cancelled ·";

// `hocket window ...` on the test's display.
class OpenWindow {
public:
    explicit OpenWindow(std::vector<std::string> arguments) : tool(std::move(arguments)) {
        id_ = xdotool({"search", "--sync", "--onlyvisible", "--pid", std::to_string(tool.pid()), "--name", "hocket"});
        id_ = id_.substr(0, id_.find('\n'));
        xdotool({"windowfocus", "--sync", id_});
    }
    void keys(const std::string& keys) const { xdotool({"key", "--clearmodifiers", keys}); }
    // Empties the field that has the focus and writes this there.
    void write(const std::string& text) const {
        keys("ctrl+a");
        xdotool({"type", "--clearmodifiers", "--delay", "1", text});
    }
    std::string title() const { return xdotool({"getwindowname", id_}); }
    // Waits until the title is one of these, and gives it.
    std::string title_like(const std::string& pattern) const {
        const std::regex wanted(pattern);
        const auto limit = std::chrono::steady_clock::now() + kLimit;
        for (;;) {
            const std::string now = title();
            if (std::regex_search(now, wanted)) return now;
            if (std::chrono::steady_clock::now() > limit) {
                ADD_FAILURE() << "not like \"" << pattern << "\": \"" << now << "\"";
                return now;
            }
        }
    }

    Tool tool;

private:
    std::string id_;
};

class WindowProcess : public ::testing::Test {
protected:
    Nginx nginx{"location = / { return 200 'hello'; }\nlocation = /next { return 200 'hello next'; }\n"};
    std::size_t requests_seen() {
        nginx.stop();  // completes the log
        return nginx.log().size();
    }
};

TEST_F(WindowProcess, is_typed_into_cancelled_and_used_again) {
    const OpenWindow window({"window", "-c", "10"});
    window.keys("alt+u");
    window.write(nginx.url("/"));
    window.keys("Tab");
    window.keys("Tab");
    window.write("0");
    window.keys("Return");
    EXPECT_EQ(window.title(), "hocket") << "refused";
    window.write("1000000");
    window.keys("Return");
    window.title_like(kRunning);
    window.keys("Escape");
    window.title_like(kCancelled);

    // The next one is the server's own count exactly; its answers are longer.
    window.keys("alt+u");
    window.write(nginx.url("/next"));
    window.keys("Tab");
    window.keys("Tab");
    window.write("199");
    window.keys("Return");
    window.title_like(kFinished);
    nginx.stop();  // completes the log
    const std::vector<std::string> log = nginx.log();
    EXPECT_EQ(std::count(log.begin(), log.end(), "200 GET - 10"), 199);
    EXPECT_GT(log.size(), 199u);
}

TEST_F(WindowProcess, makes_as_many_requests_as_the_server_counts) {
    OpenWindow window({"load", "--window", nginx.url("/"), "-n", "5000", "-c", "20"});
    window.title_like(kFinished);
    EXPECT_EQ(requests_seen(), 5000u);
    window.keys("ctrl+q");
    EXPECT_EQ(window.tool.result(), 0);
    EXPECT_THAT(window.tool.output, IsEmpty());
    EXPECT_THAT(window.tool.errors, IsEmpty());
}

TEST_F(WindowProcess, ends_within_a_second_when_it_is_closed_during_a_test) {
    OpenWindow window({"load", "-w", nginx.url("/"), "-z", "1m"});
    window.title_like(kRunning);
    const auto closed = std::chrono::steady_clock::now();
    window.keys("ctrl+q");
    EXPECT_EQ(window.tool.result(), 0);
    EXPECT_LT(std::chrono::steady_clock::now() - closed, kOneSecond);
}

TEST_F(WindowProcess, ends_cleanly_by_a_signal) {
    for (const int signal : {SIGINT, SIGTERM}) {
        OpenWindow window({"load", "--window", nginx.url("/"), "-z", "1m"});
        window.title_like(kRunning);
        window.tool.send_signal(signal);
        EXPECT_EQ(window.tool.result(), 130);
        EXPECT_THAT(window.tool.errors, IsEmpty());
    }
}

TEST(WindowOfItsOwnTarget, tests_a_small_server_if_given_no_url) {
    OpenWindow window({"load", "--window", "-n", "1000"});
    window.title_like(kFinished);
    window.keys("ctrl+q");
    EXPECT_EQ(window.tool.result(), 0);
}

TEST(WindowWithoutQt, says_what_is_missing) {
    const TemporaryFolder folder;
    std::filesystem::copy_file(HOCKET_TOOL, folder / "hocket");
    ChildProcess alone({folder / "hocket", "window"});
    ASSERT_TRUE(alone.wait_for(kLimit));
    EXPECT_EQ(alone.status(), 1);
    EXPECT_THAT(alone.errors, IsOneLine());
    EXPECT_THAT(alone.errors, HasSubstr("install the packages qt6-base-dev, qt6-charts-dev and libqt6opengl6-dev"));
}

TEST(WindowCommand, is_checked_before_a_window_is_opened) {
    const Finished refused({"window", "-n", "0"});
    EXPECT_EQ(refused.code, 2);
    EXPECT_THAT(refused.errors, HasSubstr("hocket window: --requests: '0' is not"));
    const Finished both({"load", "--window", "-q"});
    EXPECT_EQ(both.code, 2);
    EXPECT_THAT(both.errors, HasSubstr("--window and --quiet contradict each other"));
    EXPECT_THAT(Finished({"window", "--help"}).output, HasSubstr("Usage: hocket window [options] [URL]"));
}

class WithoutDisplay {
public:
    // `variable`: what is set in place of the test's display, if anything is.
    explicit WithoutDisplay(const char* variable)
        : tool_([variable] {
              std::vector<std::string> arguments{"env",     "-u",        "QT_QPA_PLATFORM", "-u",
                                                 "DISPLAY", HOCKET_TOOL, "window"};
              if (variable) arguments.insert(arguments.begin() + 5, variable);
              return arguments;
          }()) {
        EXPECT_TRUE(tool_.wait_for(kLimit));
    }
    const ChildProcess& process() const { return tool_; }

private:
    ChildProcess tool_;
};

TEST(WindowWithoutDisplay, says_what_it_needs) {
    const WithoutDisplay none(nullptr);
    EXPECT_EQ(none.process().status(), 1);
    EXPECT_THAT(none.process().errors, IsOneLine());
    EXPECT_THAT(none.process().errors, HasSubstr("there is no display"));
    const WithoutDisplay wrong("DISPLAY=:31999");
    EXPECT_EQ(wrong.process().status(), 1);
    EXPECT_THAT(wrong.process().errors, HasSubstr("it needs a display"));
    // Whether Qt has what it takes for Wayland or not, there is none.
    const WithoutDisplay wayland("WAYLAND_DISPLAY=nowhere");
    EXPECT_EQ(wayland.process().status(), 1);
    EXPECT_THAT(wayland.process().errors, HasSubstr("qt6-wayland"));
}

}  // namespace
}  // namespace hocket::testing
