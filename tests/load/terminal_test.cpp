#include "load/terminal.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <optional>
#include <string>

namespace hocket::load {
namespace {

// Sets an environment variable, or removes it, for as long as this lives.
class Environment {
public:
    Environment(const char* name, const char* value) : name_(name) {
        if (const char* old = getenv(name)) old_ = old;
        set(value);
    }
    ~Environment() { set(old_ ? old_->c_str() : nullptr); }
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;

private:
    void set(const char* value) { value ? setenv(name_, value, 1) : unsetenv(name_); }

    const char* name_;
    std::optional<std::string> old_;
};

// A real pseudo-terminal of a given size.
class PseudoTerminal {
public:
    explicit PseudoTerminal(unsigned short columns) : main_(posix_openpt(O_RDWR | O_NOCTTY)) {
        EXPECT_GE(main_, 0);
        EXPECT_EQ(grantpt(main_), 0);
        EXPECT_EQ(unlockpt(main_), 0);
        terminal_ = open(ptsname(main_), O_RDWR | O_NOCTTY);
        EXPECT_GE(terminal_, 0);
        winsize size{};
        size.ws_col = columns;
        EXPECT_EQ(ioctl(terminal_, TIOCSWINSZ, &size), 0);
    }
    ~PseudoTerminal() {
        close(terminal_);
        close(main_);
    }
    PseudoTerminal(const PseudoTerminal&) = delete;
    PseudoTerminal& operator=(const PseudoTerminal&) = delete;

    int descriptor() const { return terminal_; }

private:
    int main_;
    int terminal_ = -1;
};

TEST(Terminal, IsToldFromAPipe) {
    const Environment term("TERM", "xterm");
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    EXPECT_FALSE(is_terminal(pipe_ends[1]));
    EXPECT_EQ(text_style(pipe_ends[1]).width, 80u);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    EXPECT_FALSE(is_terminal(-1));

    const PseudoTerminal terminal(100);
    EXPECT_TRUE(is_terminal(terminal.descriptor()));
    const Environment dumb("TERM", "dumb");
    EXPECT_FALSE(is_terminal(terminal.descriptor()));
}

TEST(Terminal, TellsItsWidthWithinReason) {
    EXPECT_EQ(text_style(PseudoTerminal(100).descriptor()).width, 100u);
    EXPECT_EQ(text_style(PseudoTerminal(5).descriptor()).width, 20u);
    EXPECT_EQ(text_style(PseudoTerminal(1000).descriptor()).width, 200u);
    EXPECT_EQ(text_style(PseudoTerminal(0).descriptor()).width, 80u);  // some terminals do not know
}

TEST(Terminal, SpeaksUnicodeIfTheLocaleDoes) {
    const Environment all("LC_ALL", nullptr);
    const Environment ctype("LC_CTYPE", nullptr);
    {
        const Environment lang("LANG", nullptr);
        EXPECT_FALSE(text_style(1).unicode);
    }
    const Environment lang("LANG", "en_US.UTF-8");
    EXPECT_TRUE(text_style(1).unicode);
    {
        const Environment closer("LC_CTYPE", "C");
        EXPECT_FALSE(text_style(1).unicode);
    }
    const Environment empty("LC_CTYPE", "");  // as if it were not set
    EXPECT_TRUE(text_style(1).unicode);
    const Environment strongest("LC_ALL", "C.utf8");
    EXPECT_TRUE(text_style(1).unicode);
}

}  // namespace
}  // namespace hocket::load
