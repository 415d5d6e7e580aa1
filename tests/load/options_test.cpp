#include "load/options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "load/version.hpp"

namespace hocket::load {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr Machine machine{.cores = 4, .descriptors = 1024};

using Arguments = std::vector<std::string>;

// The result of a good `hocket load` line; fails the test if it is none.
LoadOptions load(Arguments arguments, const Machine& on = machine) {
    arguments.insert(arguments.begin(), "load");
    const Command command = parse_command_line(arguments, on);
    if (const auto* options = std::get_if<LoadOptions>(&command)) return *options;
    const auto* exit = std::get_if<ExitNow>(&command);
    ADD_FAILURE() << "refused: " << (exit ? exit->err + exit->out : "serve?");
    return {};
}

ServeOptions serve(Arguments arguments) {
    arguments.insert(arguments.begin(), "serve");
    const Command command = parse_command_line(arguments, machine);
    if (const auto* options = std::get_if<ServeOptions>(&command)) return *options;
    const auto* exit = std::get_if<ExitNow>(&command);
    ADD_FAILURE() << "refused: " << (exit ? exit->err + exit->out : "load?");
    return {};
}

ExitNow exit_of(const Arguments& arguments, const Machine& on = machine) {
    const Command command = parse_command_line(arguments, on);
    if (const auto* exit = std::get_if<ExitNow>(&command)) return *exit;
    ADD_FAILURE() << "accepted";
    return {};
}

// Checks that a command line is refused as the tool's users are promised: one line on stderr, exit 2.
void expect_refused(const Arguments& arguments, const std::string& why, const Machine& on = machine) {
    std::string line;
    for (const std::string& argument : arguments) line += argument + " ";
    SCOPED_TRACE(line);
    const ExitNow exit = exit_of(arguments, on);
    EXPECT_EQ(exit.code, 2);
    EXPECT_THAT(exit.out, IsEmpty());
    EXPECT_THAT(exit.err, StartsWith("hocket"));
    EXPECT_THAT(exit.err, HasSubstr(why));
    EXPECT_THAT(exit.err, EndsWith("\n"));
    EXPECT_EQ(std::count(exit.err.begin(), exit.err.end(), '\n'), 1) << exit.err;
}

class OptionFiles : public testing::Test {
protected:
    OptionFiles() : folder_(std::filesystem::temp_directory_path() / ("hocket-options-" + std::to_string(getpid()))) {
        std::filesystem::create_directories(folder_);
    }
    ~OptionFiles() override { std::filesystem::remove_all(folder_); }

    std::string path(const std::string& name) const { return (folder_ / name).string(); }
    std::string write(const std::string& name, const std::string& bytes) const {
        std::ofstream(path(name), std::ios::binary) << bytes;
        return path(name);
    }

private:
    std::filesystem::path folder_;
};

TEST(LoadOptions, HaveDefaults) {
    const LoadOptions options = load({"http://localhost:8080/"});
    EXPECT_EQ(options.url->to_string(), "http://localhost:8080/");
    EXPECT_EQ(options.requests, std::nullopt);
    EXPECT_EQ(options.duration, 10s);
    EXPECT_EQ(options.connections, 50u);
    EXPECT_EQ(options.threads, machine.cores);
    EXPECT_EQ(options.request.method, "GET");
    EXPECT_THAT(options.request.headers, IsEmpty());
    EXPECT_EQ(options.request.body, std::nullopt);
    EXPECT_EQ(options.timeout, 30s);
    EXPECT_EQ(options.json, "");
    EXPECT_FALSE(options.quiet);
    EXPECT_FALSE(options.insecure);
}

TEST(LoadOptions, NeedNoUrl) { EXPECT_EQ(load({}).url, std::nullopt); }

TEST(LoadOptions, HaveShortAndLongForms) {
    for (const Arguments& arguments :
         {Arguments{"-n", "1000", "-z", "90s",  "-c",        "20", "-t",     "2", "-m", "PUT", "-H",   "A: 1",
                    "-H", "B: 2", "-d", "body", "--timeout", "5s", "--json", "-", "-q", "-k",  "a:1/x"},
          Arguments{"a:1/x", "-n1000", "-z90s", "-c20", "-t2", "-mPUT", "-HA: 1", "-HB: 2", "-dbody", "--timeout=5s",
                    "--json=-", "-qk"},
          Arguments{"--requests", "1000",     "--duration", "1m30s",   "--connections", "20",
                    "--threads",  "2",        "--method",   "PUT",     "--header",      "A: 1",
                    "a:1/x",      "--header", "B: 2",       "--data",  "body",          "--timeout",
                    "5000ms",     "--json",   "-",          "--quiet", "--insecure"}}) {
        const LoadOptions options = load(arguments);
        EXPECT_EQ(options.url->to_string(), "http://a:1/x");
        EXPECT_EQ(options.requests, 1000u);
        EXPECT_EQ(options.duration, 90s);
        EXPECT_EQ(options.connections, 20u);
        EXPECT_EQ(options.threads, 2u);
        EXPECT_EQ(options.request.method, "PUT");
        EXPECT_THAT(options.request.headers, ElementsAre("A: 1", "B: 2"));
        EXPECT_EQ(options.request.body, "body");
        EXPECT_EQ(options.timeout, 5s);
        EXPECT_EQ(options.json, "-");
        EXPECT_TRUE(options.quiet);
        EXPECT_TRUE(options.insecure);
    }
}

TEST(LoadOptions, TakeTheLastOfTwoValues) { EXPECT_EQ(load({"-n", "5", "-n", "7", "a"}).requests, 7u); }

TEST(LoadOptions, TakeTenSecondsOnlyIfNothingElseEndsTheRun) {
    EXPECT_EQ(load({"-n", "5"}).duration, std::nullopt);
    EXPECT_EQ(load({"-z", "1s"}).requests, std::nullopt);
    const LoadOptions both = load({"-n", "5", "-z", "1s"});
    EXPECT_EQ(both.requests, 5u);
    EXPECT_EQ(both.duration, 1s);
}

TEST(LoadOptions, HaveNoMoreConnectionsThanRequestsAndNoMoreThreadsThanConnections) {
    const LoadOptions few_requests = load({"-n", "3", "-c", "100", "-t", "8"});
    EXPECT_EQ(few_requests.connections, 3u);
    EXPECT_EQ(few_requests.threads, 3u);
    EXPECT_EQ(load({"-c", "2"}).threads, 2u);
    EXPECT_EQ(load({"-c", "100", "-t", "8"}).threads, 8u);
}

TEST(LoadOptions, PostABodyUnlessToldOtherwise) {
    EXPECT_EQ(load({"-d", "x"}).request.method, "POST");
    EXPECT_EQ(load({"-d", "x", "-m", "GET"}).request.method, "GET");
    EXPECT_EQ(load({"-m", "GET", "-d", "x"}).request.body, "x");
    EXPECT_EQ(load({"-m", "POST"}).request.body, std::nullopt);
}

TEST(LoadOptions, TakeBodiesLiterally) {
    for (const std::string body : {"", "{}", "[]", "[1,2,3]", "[\"a\"]", "-x", "--data", "--", "a=b", "@file", "a,b",
                                   "%%", "\"quoted\"", "line\nline"}) {
        EXPECT_EQ(load({"-d", body, "a"}).request.body, body);
        EXPECT_EQ(load({"--data=" + body, "a"}).request.body, body);
    }
    EXPECT_EQ(load({"--data=", "a"}).url->host, "a");
    EXPECT_EQ(load({"-d", "x", "--", "a"}).url->host, "a");
}

TEST_F(OptionFiles, GiveTheBody) {
    const std::string bytes = std::string("a\0b\r\n\xff", 6) + std::string(200'000, 'x');
    const LoadOptions options = load({"-D", write("body", bytes)});
    EXPECT_EQ(options.request.body, bytes);
    EXPECT_EQ(options.request.method, "POST");
    EXPECT_EQ(options.data_file, path("body"));
    EXPECT_EQ(load({"-D", write("empty", "")}).request.body, "");
}

TEST_F(OptionFiles, ThatCannotBeReadOrWrittenAreRefusedBeforeTheRun) {
    expect_refused({"load", "-D", path("none"), "a"}, "--data-file: cannot read '" + path("none") + "': No such file");
    expect_refused({"load", "-D", path(""), "a"}, "it is a directory");
    expect_refused({"load", "-D", "", "a"}, "--data-file: cannot read ''");
    expect_refused({"load", "--json", path("no/such.json"), "a"},
                   "--json: cannot write '" + path("no/such.json") + "': No such file");
    expect_refused({"load", "--json", path(""), "a"}, "it is a directory");
    expect_refused({"load", "--json", write("file", "") + "/x.json", "a"}, "cannot write");
    expect_refused({"load", "--json", "", "a"}, "the name is empty");
    if (geteuid() != 0) {
        std::filesystem::permissions(write("locked", "x"), std::filesystem::perms::none);
        expect_refused({"load", "-D", path("locked"), "a"}, "Permission denied");
        expect_refused({"load", "--json", path("locked"), "a"}, "Permission denied");
    }
}

TEST_F(OptionFiles, ForTheReportAreNotTouchedYet) {
    EXPECT_EQ(load({"--json", path("new.json"), "a"}).json, path("new.json"));
    EXPECT_FALSE(std::filesystem::exists(path("new.json")));
    load({"--json", write("old.json", "old"), "a"});
    std::stringstream content;
    content << std::ifstream(path("old.json")).rdbuf();
    EXPECT_EQ(content.str(), "old");
}

TEST(LoadOptions, ThatAreWrongAreRefused) {
    const std::pair<Arguments, std::string> bads[] = {
        {{"--bogus"}, "unknown option --bogus"},
        {{"--conections", "5"}, "unknown option --conections, did you mean --connections?"},
        {{"--request=5"}, "unknown option --request, did you mean --requests?"},
        {{"-x"}, "unknown option -x"},
        {{"-"}, "'-' is not a URL to test: a host cannot begin with '-'"},
        {{"http://a/", "-"}, "unexpected argument '-'"},
        {{"http://a/", "http://b/"}, "unexpected argument 'http://b/'"},
        {{"-n"}, "--requests needs a value"},
        {{"-H"}, "--header needs a value"},
        {{"-n", "0"}, "--requests: '0' is not a whole number of 1 or more"},
        {{"-n", "-5"}, "--requests: '-5' is not"},
        {{"-n", "1.5"}, "--requests: '1.5' is not"},
        {{"-n", "1e6"}, "--requests: '1e6' is not"},
        {{"-n", ""}, "--requests: '' is not"},
        {{"-n", "+5"}, "--requests: '+5' is not"},
        {{"-n", "5 "}, "--requests: '5 ' is not"},
        {{"-n", "99999999999999999999"}, "--requests: '99999999999999999999' is not"},
        {{"-n", "--quiet"}, "--requests: '--quiet' is not"},
        {{"-c", "0"}, "--connections: '0' is not a whole number from 1 to"},
        {{"-c", "-1"}, "--connections: '-1' is not"},
        {{"-t", "0"}, "--threads: '0' is not a whole number from 1 to 1024"},
        {{"-t", "1025"}, "--threads: '1025' is not"},
        {{"-z", "0"}, "--duration: it must be longer than 0"},
        {{"-z", "-5s"}, "--duration: '-5s' is not a duration: it is negative"},
        {{"-z", "5x"}, "--duration: '5x' is not a duration: the unit 'x' is unknown"},
        {{"--timeout", "0ms"}, "--timeout: it must be longer than 0"},
        {{"--timeout", "soon"}, "--timeout: 'soon' is not a duration"},
        {{"ftp://a/"}, "'ftp://a/' is not a URL to test: 'ftp' is not http or https"},
        {{"http://a:99999/"}, "the port '99999' is not"},
        {{"http://a/ b"}, "it has a space"},
        {{""}, "it is empty"},
        {{"-m", "G T"}, "--method: 'G T' is not an HTTP method"},
        {{"-m", ""}, "--method: '' is not an HTTP method"},
        {{"-m", "CONNECT"}, "--method: CONNECT"},
        {{"-H", "nonsense"}, "--header: 'nonsense' is not a header: there is no colon"},
        {{"-H", "A: 1\r\nB: 2"}, "--header: 'A: 1  B: 2' is not a header: a value cannot have a line break"},
        {{"-H", "Content-Length: 5", "-d", "abc"}, "Content-Length cannot be '5'"},
        {{"-d", "a", "-D", "b"}, "--data and --data-file contradict each other"},
        {{"-d", "a", "-d", "b"}, "--data is given more than once"},
    };
    for (auto [arguments, why] : bads) {
        arguments.insert(arguments.begin(), "load");
        expect_refused(arguments, why);
    }
}

TEST(LoadOptions, MustFitTheLimitOfOpenFiles) {
    EXPECT_EQ(load({"-c", "900", "-t", "1", "http://a/"}).connections, 900u);
    expect_refused(
        {"load", "-c", "1000", "-t", "1", "http://a/"},
        "--connections: 1000 are too many, the limit of 1024 open files has room for 984; use fewer, or raise the "
        "limit with 'ulimit -n 1040'");
    // The embedded target has the other ends.
    expect_refused({"load", "-c", "500", "-t", "1"}, "has room for 492");
    expect_refused({"load", "-c", "1", "-t", "1", "a"}, "has room for 0", {.cores = 1, .descriptors = 20});
    EXPECT_EQ(load({"-c", "1000000", "-n", "10", "a"}).connections, 10u);
    EXPECT_EQ(load({"-c", "50000", "a"}, {.cores = 1, .descriptors = 100'000}).connections, 50'000u);
}

TEST(ServeOptions, HaveDefaults) {
    const ServeOptions options = serve({});
    EXPECT_EQ(options.host, "127.0.0.1");
    EXPECT_EQ(options.port, 8080);
    EXPECT_EQ(options.delay, 0s);
    EXPECT_EQ(options.status, 200u);
    EXPECT_EQ(options.body_size, 13u);
    EXPECT_EQ(options.threads, machine.cores);
}

TEST(ServeOptions, AreTaken) {
    const ServeOptions options = serve(
        {"--port", "0", "--host=::1", "--delay", "100ms", "--status", "503", "--body-size", "10k", "--threads", "3"});
    EXPECT_EQ(options.host, "::1");
    EXPECT_EQ(options.port, 0);
    EXPECT_EQ(options.delay, 100ms);
    EXPECT_EQ(options.status, 503u);
    EXPECT_EQ(options.body_size, 10240u);
    EXPECT_EQ(options.threads, 3u);
    EXPECT_EQ(serve({"--body-size", "0"}).body_size, 0u);
}

TEST(ServeOptions, ThatAreWrongAreRefused) {
    const std::pair<Arguments, std::string> bads[] = {
        {{"--port", "65536"}, "--port: '65536' is not a whole number from 0 to 65535"},
        {{"--port", "-1"}, "--port: '-1' is not"},
        {{"--prot", "1"}, "unknown option --prot, did you mean --port?"},
        {{"--status", "100"}, "--status: '100' is not a whole number from 200 to 599"},
        {{"--status", "600"}, "--status: '600' is not"},
        {{"--delay", "1x"}, "--delay: '1x' is not a duration"},
        {{"--body-size", "1x"}, "--body-size: '1x' is not a size"},
        {{"--body-size", "2G"}, "--body-size: '2G' is more than 1.00 GiB"},
        {{"--host", ""}, "--host: '' is not a numeric address"},
        {{"--host", "http://a"}, "--host: 'http://a' is not a numeric address"},
        {{"--threads", "0"}, "--threads: '0' is not"},
        {{"8080"}, "unexpected argument '8080'"},
        {{"-n", "5"}, "unknown option -n"},
    };
    for (auto [arguments, why] : bads) {
        arguments.insert(arguments.begin(), "serve");
        expect_refused(arguments, why);
    }
}

TEST(CommandLine, WithoutACommandPrintsTheHelpAndFails) {
    const ExitNow exit = exit_of({});
    EXPECT_EQ(exit.code, 2);
    EXPECT_EQ(exit.out, "");
    EXPECT_THAT(exit.err, StartsWith("Usage: hocket COMMAND"));
}

TEST(CommandLine, PrintsHelpAndVersion) {
    for (const std::string flag : {"--help", "-h"}) {
        EXPECT_EQ(exit_of({flag}).code, 0);
        EXPECT_THAT(exit_of({flag}).out, StartsWith("Usage: hocket COMMAND"));
        EXPECT_THAT(exit_of({"load", flag}).out, StartsWith("Usage: hocket load [options] [URL]"));
        EXPECT_THAT(exit_of({"load", "-n", "5", flag, "nonsense://"}).out,
                    StartsWith("Usage: hocket load [options] [URL]"));
        EXPECT_THAT(exit_of({"serve", flag}).out, StartsWith("Usage: hocket serve [options]"));
    }
    for (const Arguments& arguments :
         {Arguments{"--version"}, Arguments{"load", "--version"}, Arguments{"serve", "--version"}}) {
        EXPECT_EQ(exit_of(arguments).code, 0);
        EXPECT_EQ(exit_of(arguments).out, "hocket " + std::string(version()) + "\n");
        EXPECT_EQ(exit_of(arguments).err, "");
    }
}

TEST(CommandLine, HelpNamesEveryOptionAndFitsATerminal) {
    const std::string help = exit_of({"load", "--help"}).out;
    for (const char* option : {"-n, --requests", "-z, --duration", "-c, --connections", "-t, --threads", "-m, --method",
                               "-H, --header", "-d, --data", "-D, --data-file", "    --timeout", "    --json",
                               "-q, --quiet", "-k, --insecure", "    --version", "-h, --help", "Examples:"}) {
        EXPECT_THAT(help, HasSubstr(option));
    }
    for (const Arguments& arguments :
         {Arguments{"--help"}, Arguments{"load", "--help"}, Arguments{"serve", "--help"}}) {
        std::istringstream lines(exit_of(arguments).out);
        for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80u) << line;
    }
}

TEST(CommandLine, SuggestsTheCommandThatWasMeant) {
    expect_refused({"lod"}, "hocket: 'lod' is not a command, did you mean 'hocket load'?");
    expect_refused({"http://a/"}, "did you mean 'hocket load http://a/'?");
    expect_refused({"localhost:80"}, "did you mean 'hocket load localhost:80'?");
    expect_refused({"-n", "5"}, "did you mean 'hocket load -n'?");
    expect_refused({"frobnicate"}, "hocket: 'frobnicate' is not a command; there are load, window and serve");
    expect_refused({""}, "'' is not a command");
    expect_refused({"lo\n\x1b[31md"}, "'lo ?[31md' is not a command");
    expect_refused({"load", "--bo\ngus"}, "unknown option --bo gus");
}

TEST(Machine, RaisesTheLimitOfOpenFiles) {
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit lowered{std::min<rlim_t>(before.rlim_cur, 256), before.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &lowered), 0);
    const Machine here = Machine::here();
    rlimit after{};
    getrlimit(RLIMIT_NOFILE, &after);
    setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_EQ(after.rlim_cur, before.rlim_max);
    EXPECT_EQ(here.descriptors, after.rlim_cur);
    EXPECT_GE(here.cores, 1u);
}

}  // namespace
}  // namespace hocket::load
