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
    ChildProcess window({std::string(HOCKET_EXAMPLES) + "/event_loops/window", "5000"});
    xdotool({"search", "--sync", "--onlyvisible", "--name", "^Hello$", "windowfocus", "--sync", "key", "space", "key",
             "space"});
    // The second press is seen while the first one's effort goes on.
    EXPECT_TRUE(window.wait_for_output("Hello there!\nHello there!\n", 50s)) << window.output;
    EXPECT_EQ(window.output, "Thinking\nThinking\nHello there!\nHello there!\n");
}

}  // namespace
}  // namespace hocket::testing
