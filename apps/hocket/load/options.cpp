#include "options.hpp"

#include <fmt/format.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <stdexcept>
#include <thread>

#include "argument_parser.hpp"
#include "hocket/net/address.hpp"
#include "printable.hpp"
#include "version.hpp"

namespace hocket::load {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t largest_body = std::uint64_t{1} << 30;

constexpr std::string_view top_help = R"(Usage: hocket COMMAND [options]

Commands:
  load    load-test a web server, print how fast it answers
  window  the same in a window: watch a test, cancel it, compare it with others
  serve   run the small web server that `hocket load` tests if given no URL

`hocket COMMAND --help` explains one, `hocket --version` prints the version.

Try it:
  hocket load
)";

constexpr std::string_view load_description =
    R"(Load-tests a web server: on each of many connections it sends a request as soon
as the last one is answered; then it prints how fast the answers came. Without
URL it starts a small server of its own and tests that.

URL is http://host:port/path?query or https://..., where http:// may be left
out; user:password@ before the host is sent as basic authorization.)";

constexpr std::string_view load_footer = R"(Examples:
  hocket load http://127.0.0.1:8080/               50 connections, 10 seconds
  hocket load localhost:8080/ -n 100000 -c 200     exactly 100000 requests
  hocket load https://example.com/ -z 1m --json result.json
  hocket load localhost/ -d '{"a":1}' -H 'Content-Type: application/json'

Exit status: 0 after a complete run, 1 if the server could not be reached, 2 for
a wrong command line, 130 after Ctrl-C or SIGTERM.)";

constexpr std::string_view window_description =
    R"(Opens a window that load-tests a web server as `hocket load` does, shows how it
goes while it goes, and compares tests. The options are what its form begins
with. Without URL it starts a small server of its own to be tested.)";

constexpr std::string_view window_footer = R"(Examples:
  hocket window
  hocket window http://127.0.0.1:8080/ -n 100000 -c 200
  hocket load --window http://127.0.0.1:8080/      the same, and begins at once

Exit status: 0 after the window was closed, 1 without a display, 2 for a wrong
command line, 130 after Ctrl-C or SIGTERM.)";

constexpr std::string_view serve_description =
    R"(Runs a small HTTP/1.1 server that answers every request alike: something to test
against. Ctrl-C ends it.)";

constexpr std::string_view serve_footer = R"(Examples:
  hocket serve                                 answers 200 at once, on port 8080
  hocket serve --port 0                        on a free port, which it prints
  hocket serve --delay 100ms --body-size 10k   slower, with more to say
  hocket serve --status 503                    broken)";

ExitNow version_line() { return {0, fmt::format("hocket {}\n", version()), ""}; }

std::string read_file(const std::string& path) {
    const auto refuse = [&path](const std::string& why) {
        throw std::invalid_argument(fmt::format("--data-file: cannot read '{}': {}", path, why));
    };
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) refuse("it is a directory");
    errno = 0;
    std::ifstream file(path == "-" ? "/dev/stdin" : path, std::ios::binary);
    std::string bytes;
    char buffer[65536];
    while (file) {
        file.read(buffer, sizeof buffer);
        bytes.append(buffer, static_cast<std::size_t>(file.gcount()));
        if (bytes.size() > largest_body) refuse("it has more than 1 GiB");
    }
    if (!file.eof()) refuse(std::strerror(errno));
    return bytes;
}

// Finding out after a long run that the report has nowhere to go would be a pity.
void check_writable(const std::string& path) {
    const auto refuse = [&path](const std::string& why) {
        throw std::invalid_argument(fmt::format("--json: cannot write '{}': {}", path, why));
    };
    if (path == "-") return;
    if (path.empty()) refuse("the name is empty");
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) refuse("it is a directory");
    const bool exists = std::filesystem::exists(path, error);
    const std::filesystem::path folder = std::filesystem::path(path).parent_path();
    const std::string target = exists ? path : folder.empty() ? "." : folder.string();
    if (access(target.c_str(), W_OK) != 0) refuse(std::strerror(errno));
    if (!exists && !std::filesystem::is_directory(target, error))
        refuse(fmt::format("'{}' is not a directory", target));
}

void check_positive(const char* option, std::optional<std::chrono::nanoseconds> duration) {
    if (duration && *duration == 0ns) throw std::invalid_argument(fmt::format("{}: it must be longer than 0", option));
}

// Runs a check and puts the option's name before its complaint.
template <class Check>
void blaming(std::string_view option, const Check& check) {
    try {
        check();
    } catch (const std::invalid_argument& error) {
        throw std::invalid_argument(fmt::format("{}: {}", option, error.what()));
    }
}

RequestSpec parse_request(const ArgumentParser& parser) {
    RequestSpec spec;
    if (parser.given("--data") && parser.given("--data-file")) {
        throw std::invalid_argument("--data and --data-file contradict each other: a request has one body");
    }
    if (parser.all("--data").size() > 1)
        throw std::invalid_argument("--data is given more than once: a request has one body");
    spec.body = parser.text("--data");
    if (const auto path = parser.text("--data-file")) spec.body = read_file(*path);

    spec.method = parser.text("--method").value_or(spec.body ? "POST" : "GET");
    blaming("--method", [&] { check_testable_method(spec.method); });
    spec.headers = parser.all("--header");
    for (const std::string& header : spec.headers) blaming("--header", [&] { parse_header(header); });
    return spec;
}

LoadOptions interpret_test(const ArgumentParser& parser, const Machine& machine) {
    LoadOptions options;
    options.requests = parser.whole_number("--requests", 1, std::numeric_limits<std::int64_t>::max());
    options.duration = parser.duration("--duration");
    check_positive("--duration", options.duration);
    if (!options.requests && !options.duration) options.duration = 10s;

    const std::uint64_t connections = parser.whole_number("--connections", 1, 10'000'000).value_or(50);
    options.connections = static_cast<unsigned>(std::min(connections, options.requests.value_or(connections)));
    const std::uint64_t threads = parser.whole_number("--threads", 1, most_threads).value_or(machine.cores);
    options.threads = static_cast<unsigned>(std::min<std::uint64_t>({threads, options.connections, most_threads}));

    options.timeout = parser.duration("--timeout").value_or(options.timeout);
    check_positive("--timeout", options.timeout);
    options.insecure = parser.given("--insecure");
    if (const auto url = parser.text("URL")) options.url = parse_url(*url);
    options.request = parse_request(parser);
    options.data_file = parser.text("--data-file").value_or("");
    build_request(options.url.value_or(Url()), options.request);  // throws if it can't be built
    const auto target = options.url ? TargetIs::elsewhere : TargetIs::in_this_process;
    blaming("--connections", [&] { check_descriptors(options, target, machine); });
    return options;
}

Command interpret_load(const ArgumentParser& parser, const Machine& machine) {
    LoadOptions options = interpret_test(parser, machine);
    options.quiet = parser.given("--quiet");
    options.json = parser.text("--json").value_or("");
    if (parser.given("--window")) {
        if (parser.given("--json") || options.quiet) {
            throw std::invalid_argument(
                fmt::format("--window and {} contradict each other: the window shows how far the test is, and saves "
                            "its result there",
                            options.quiet ? "--quiet" : "--json"));
        }
        return WindowOptions{std::move(options), true};
    }
    if (parser.given("--json")) check_writable(options.json);
    return options;
}

Command interpret_window(const ArgumentParser& parser, const Machine& machine) {
    return WindowOptions{interpret_test(parser, machine), false};
}

Command interpret_serve(const ArgumentParser& parser, const Machine& machine) {
    ServeOptions options;
    options.host = parser.text("--host").value_or(options.host);
    if (options.host != "localhost") {
        try {
            (void)Address::ip(options.host, 0);
        } catch (const std::invalid_argument&) {
            throw std::invalid_argument(fmt::format(
                "--host: '{}' is not a numeric address; write for example 127.0.0.1, 0.0.0.0, ::1 or localhost",
                options.host));
        }
    }
    options.port = static_cast<std::uint16_t>(parser.whole_number("--port", 0, 65535).value_or(options.port));
    options.delay = parser.duration("--delay").value_or(options.delay);
    options.status = static_cast<unsigned>(parser.whole_number("--status", 200, 599).value_or(options.status));
    options.body_size = parser.byte_size("--body-size", largest_body).value_or(options.body_size);
    options.threads = static_cast<unsigned>(parser.whole_number("--threads", 1, most_threads).value_or(machine.cores));
    return options;
}

void declare_general(ArgumentParser& parser) {
    parser.flag("-h,--help", "print this and exit");
    parser.flag("--version", "print the version and exit");
}

// What to test and how, for both faces.
void declare_test(ArgumentParser& parser) {
    parser.value("URL", "URL", "what to test");
    parser.group("How much");
    parser.value("-n,--requests", "N", "send exactly N requests");
    parser.value("-z,--duration", "TIME",
                 "send for this long: 250ms, 30s, 1.5m, 2h (default:\n"
                 "10s unless -n is given); with -n, what comes first");
    parser.value("-c,--connections", "N", "keep N connections busy (default: 50)");
    parser.value("-t,--threads", "N", "use N threads (default: one per core), but not more\nthan connections");
    parser.value("--timeout", "TIME", "give up on a request after this (default: 30s)");
    parser.group("What to send");
    parser.value("-m,--method", "METHOD", "GET, HEAD, PUT, ... (default: GET; POST with a body)");
    parser.value("-H,--header", "LINE",
                 "a header 'Name: value', repeatable; replaces one that\n"
                 "hocket sends by itself, and 'Name:' leaves that out");
    parser.value("-d,--data", "TEXT", "this text as body");
    parser.value("-D,--data-file", "FILE", "the file's bytes as body (-: standard input)");
    parser.flag("-k,--insecure", "accept any TLS certificate");
}

ArgumentParser load_parser() {
    ArgumentParser parser("hocket load [options] [URL]", load_description, load_footer);
    declare_test(parser);
    parser.group("Output");
    parser.flag("-w,--window", "watch the test in a window (see hocket window --help)");
    parser.value("--json", "FILE",
                 "write the result as JSON, too (-: to standard output,\n"
                 "and the text to standard error)");
    parser.flag("-q,--quiet", "no progress line, only the result");
    declare_general(parser);
    return parser;
}

ArgumentParser window_parser() {
    ArgumentParser parser("hocket window [options] [URL]", window_description, window_footer);
    declare_test(parser);
    parser.group("General");
    declare_general(parser);
    return parser;
}

ArgumentParser serve_parser() {
    ArgumentParser parser("hocket serve [options]", serve_description, serve_footer);
    parser.group("Where");
    parser.value("--host", "HOST", "listen on this address (default: 127.0.0.1;\n0.0.0.0 for all)");
    parser.value("--port", "P", "listen on this port (default: 8080; 0: a free one)");
    parser.value("--threads", "N", "use N threads (default: one per core)");
    parser.group("What to answer");
    parser.value("--delay", "TIME", "wait before each answer: 100ms, 2s (default: 0)");
    parser.value("--status", "N", "this status code, 200 to 599 (default: 200)");
    parser.value("--body-size", "SIZE", "a body of this size: 512, 10k, 1.5M, where k is 1024\n(default: 13)");
    parser.group("General");
    declare_general(parser);
    return parser;
}

Command parse_command(std::string_view name, ArgumentParser parser, const std::vector<std::string>& arguments,
                      const Machine& machine, Command (*interpret)(const ArgumentParser&, const Machine&)) {
    try {
        parser.parse(arguments);
        if (parser.given("--help")) return ExitNow{0, parser.help(), ""};
        if (parser.given("--version")) return version_line();
        return interpret(parser, machine);
    } catch (const std::invalid_argument& error) {
        return ExitNow{2, "", fmt::format("hocket {}: {}\n", name, printable(error.what()))};
    }
}

}  // namespace

void check_testable_method(const std::string& method) {
    check_method(method);
    if (method != "CONNECT") return;
    throw std::invalid_argument("CONNECT asks a proxy for a tunnel, which cannot be load-tested");
}

void check_descriptors(const LoadOptions& options, TargetIs target, const Machine& machine) {
    const std::uint64_t each = target == TargetIs::in_this_process ? 2 : 1;
    const std::uint64_t others = 32 + std::uint64_t{8} * options.threads;
    if (each * options.connections + others <= machine.descriptors) return;
    const std::uint64_t possible = machine.descriptors > others ? (machine.descriptors - others) / each : 0;
    throw std::invalid_argument(
        fmt::format("{} are too many, the limit of {} open files has room for {}; use fewer, or raise the "
                    "limit with 'ulimit -n {}'",
                    options.connections, machine.descriptors, possible, each * options.connections + others));
}

Machine Machine::here() {
    Machine machine;
    cpu_set_t cores;
    machine.cores = sched_getaffinity(0, sizeof cores, &cores) == 0 ? static_cast<unsigned>(CPU_COUNT(&cores))
                                                                    : std::thread::hardware_concurrency();
    machine.cores = std::max(machine.cores, 1u);

    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < limit.rlim_max) {
        const rlimit raised{limit.rlim_max, limit.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
    }
    machine.descriptors = limit.rlim_cur;
    return machine;
}

Command parse_command_line(const std::vector<std::string>& arguments, const Machine& machine) {
    if (arguments.empty()) return ExitNow{2, "", std::string(top_help)};
    const std::string& command = arguments.front();
    const std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
    if (command == "load") return parse_command("load", load_parser(), rest, machine, interpret_load);
    if (command == "window") return parse_command("window", window_parser(), rest, machine, interpret_window);
    if (command == "serve") return parse_command("serve", serve_parser(), rest, machine, interpret_serve);
    if (command == "--help" || command == "-h") return ExitNow{0, std::string(top_help), ""};
    if (command == "--version") return version_line();

    std::string hint = "; there are load, window and serve, see 'hocket --help'";
    if (const auto meant = nearest(command, {"load", "window", "serve", "--help", "--version"})) {
        hint = fmt::format(", did you mean 'hocket {}'?", *meant);
    } else if (command.starts_with('-') || command.find_first_of("/:.") != std::string::npos) {
        hint = fmt::format(", did you mean 'hocket load {}'?", command);
    }
    return ExitNow{2, "", fmt::format("hocket: '{}' is not a command{}\n", printable(command), printable(hint))};
}

}  // namespace hocket::load
