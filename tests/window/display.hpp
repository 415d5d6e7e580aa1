// A display of the tests' own, without a screen.
#pragma once
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "child_process.hpp"

namespace hocket::testing {

// An X server, where this process and those that it starts open their windows. It ends with its last client, so that
// nothing is left behind even by a test that crashes.
class Display {
public:
    Display() : server_({"Xvfb", "-displayfd", "1", "-screen", "0", "1600x1200x24", "-nolisten", "tcp", "-terminate"}) {
        if (!server_.wait_for_output("\n", std::chrono::seconds(50)))
            throw std::runtime_error("Xvfb did not start: " + server_.errors);
        const std::string name = ":" + server_.output.substr(0, server_.output.find('\n'));
        ::setenv("DISPLAY", name.c_str(), 1);
        ::setenv("QT_QPA_PLATFORM", "xcb", 1);
        ::setenv("QT_STYLE_OVERRIDE", "Fusion", 1);
        for (const char* name : {"WAYLAND_DISPLAY", "QT_QPA_PLATFORMTHEME", "DBUS_SESSION_BUS_ADDRESS"})
            ::unsetenv(name);
    }

private:
    ChildProcess server_;
};

}  // namespace hocket::testing
