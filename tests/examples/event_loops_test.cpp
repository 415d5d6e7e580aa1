// Row D10, on a display of the test's own.
#include "example.hpp"
#include "window/display.hpp"

namespace hocket::testing {
namespace {

using namespace std::chrono_literals;

void xdotool(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "xdotool");
    ChildProcess process(std::move(arguments));
    EXPECT_TRUE(process.wait_for(50s));
    EXPECT_EQ(process.status(), 0) << process.errors;
}

TEST(HelloWindow, ReactsWhileItSaysHello) {
    const Display display;
    ChildProcess window({std::string(HOCKET_EXAMPLES) + "/event_loops/window", "1500"});
    xdotool({"search", "--sync", "--onlyvisible", "--name", "^Hello$", "windowfocus", "--sync", "key", "space"});
    EXPECT_TRUE(window.wait_for_output("Thinking\n", 50s));
    xdotool({"key", "space", "key", "space"});
    EXPECT_TRUE(window.wait_for_output("Thinking\nThinking\nThinking\n", 50s)) << window.output;
    EXPECT_TRUE(window.wait_for_output("Hello there!\nHello there!\nHello there!\n", 50s)) << window.output;
    EXPECT_EQ(window.output, "Thinking\nThinking\nThinking\nHello there!\nHello there!\nHello there!\n");
}

}  // namespace
}  // namespace hocket::testing
