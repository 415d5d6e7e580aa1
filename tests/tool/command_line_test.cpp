// What the program makes of its command line. (tests/load/options_test.cpp has every option and every message.)
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tool/tool.hpp"

namespace hocket::testing {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class Wrong : public ::testing::TestWithParam<std::vector<std::string>> {};

TEST_P(Wrong, IsToldInOneLine) {
    const Finished run(GetParam());
    EXPECT_EQ(run.code, 2);
    EXPECT_THAT(run.output, IsEmpty());
    EXPECT_THAT(run.errors, IsOneLine());
    EXPECT_THAT(run.errors, StartsWith("hocket"));
    EXPECT_THAT(run.errors, HasNoControlCharacters());
}

using Arguments = std::vector<std::string>;
INSTANTIATE_TEST_SUITE_P(
    CommandLines, Wrong,
    ::testing::Values(
        Arguments{"lod"}, Arguments{"http://127.0.0.1/"}, Arguments{"--unknown"}, Arguments{"load", "--unknown"},
        Arguments{"load", "-x"}, Arguments{"load", "-n"}, Arguments{"load", "-n", "0"}, Arguments{"load", "-n", "-5"},
        Arguments{"load", "-n", "1.5"}, Arguments{"load", "-n", "many"},
        Arguments{"load", "-n", "99999999999999999999"}, Arguments{"load", "-c", "0"}, Arguments{"load", "-c", "-1"},
        Arguments{"load", "-c", "1000000"}, Arguments{"load", "-t", "0"}, Arguments{"load", "-z", "0s"},
        Arguments{"load", "-z", "-1s"}, Arguments{"load", "-z", "10 parsecs"}, Arguments{"load", "--timeout", "0"},
        Arguments{"load", "--timeout", "x"}, Arguments{"load", "-m", "GE T"}, Arguments{"load", "-m", ""},
        Arguments{"load", "-H", "no colon"}, Arguments{"load", "-H", "A: b\r\nC: d"},
        Arguments{"load", "-d", "a", "-D", "/dev/null"}, Arguments{"load", "-D", "/no/such/file"},
        Arguments{"load", "-D", "/"}, Arguments{"load", "--json", "/"},
        Arguments{"load", "--json", "/no/such/folder/report.json"}, Arguments{"load", "--json="},
        Arguments{"load", "http://"}, Arguments{"load", "ftp://127.0.0.1/"},
        Arguments{"load", "http://127.0.0.1:99999/"}, Arguments{"load", "http://[::1/"},
        Arguments{"load", "http://a b/"}, Arguments{"load", "http://x\x1b[31m/"},
        Arguments{"load", "http://127.0.0.1/", "http://127.0.0.2/"}, Arguments{"serve", "--port", "65536"},
        Arguments{"serve", "--port", "-1"}, Arguments{"serve", "--status", "99"}, Arguments{"serve", "--status", "600"},
        Arguments{"serve", "--body-size", "2g"}, Arguments{"serve", "--delay", "soon"},
        Arguments{"serve", "--threads", "0"}, Arguments{"serve", "extra"}, Arguments{"serve", "--host", ""}));

TEST(ToolCommandLine, HelpExplainsAndGivesExamples) {
    for (const Arguments& arguments : {Arguments{"--help"}, Arguments{"-h"}}) {
        const Finished run(arguments);
        EXPECT_EQ(run.code, 0);
        EXPECT_THAT(run.errors, IsEmpty());
        EXPECT_THAT(run.output, StartsWith("Usage: hocket COMMAND"));
        EXPECT_THAT(run.output, HasSubstr("Try it:\n  hocket load\n"));
    }
    const Finished load({"load", "--help"});
    EXPECT_EQ(load.code, 0);
    EXPECT_THAT(load.errors, IsEmpty());
    EXPECT_THAT(load.output, HasSubstr("Examples:\n  hocket load http"));
    for (const char* option : {"-n, --requests N", "-z, --duration TIME", "-c, --connections N", "-t, --threads N",
                               "-m, --method METHOD", "-H, --header LINE", "-d, --data TEXT", "-D, --data-file FILE",
                               "--timeout TIME", "--json FILE", "-q, --quiet", "--version", "-h, --help"}) {
        EXPECT_THAT(load.output, HasSubstr(option));
    }
    const Finished serve({"serve", "--help"});
    EXPECT_EQ(serve.code, 0);
    EXPECT_THAT(serve.output, HasSubstr("Examples:\n  hocket serve"));
    for (const char* option : {"--port", "--delay", "--status", "--body-size"})
        EXPECT_THAT(serve.output, HasSubstr(option));
}

TEST(ToolCommandLine, TellsItsVersion) {
    for (const Arguments& arguments :
         {Arguments{"--version"}, Arguments{"load", "--version"}, Arguments{"serve", "--version"}}) {
        const Finished run(arguments);
        EXPECT_EQ(run.code, 0);
        EXPECT_THAT(run.output, ContainsRegex("^hocket [0-9]+\\.[0-9]+\\.[0-9]+\n$"));
        EXPECT_THAT(run.errors, IsEmpty());
    }
}

TEST(ToolCommandLine, WithoutAnyItSaysWhatThereIs) {
    const Finished run({});
    EXPECT_EQ(run.code, 2);
    EXPECT_THAT(run.output, IsEmpty());
    EXPECT_THAT(run.errors, HasSubstr("hocket load"));
}

// A program can be started without even its own name; Linux then makes one up, from 5.18 on.
TEST(ToolCommandLine, SurvivesNotKnowingItsName) {
    int out[2];
    ASSERT_EQ(::pipe2(out, O_CLOEXEC), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        ::dup2(out[1], 2);
        char* nothing[] = {nullptr};
        ::execv(HOCKET_TOOL, nothing);
        ::_exit(99);
    }
    ::close(out[1]);
    std::string errors;
    char buffer[1000];
    for (ssize_t size = 0; (size = ::read(out[0], buffer, sizeof buffer)) > 0;)
        errors.append(buffer, static_cast<std::size_t>(size));
    ::close(out[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
    EXPECT_EQ(WEXITSTATUS(status), 2);
    EXPECT_THAT(errors, HasSubstr("hocket load"));
}

}  // namespace
}  // namespace hocket::testing
