#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "request.hpp"
#include "url.hpp"

namespace hocket::load {

inline constexpr unsigned most_threads = 1024;

// `hocket load`, checked and complete: everything has a value that can be used as it is.
struct LoadOptions {
    std::optional<Url> url;                            // nothing: start the embedded target and test that
    std::optional<std::uint64_t> requests;             // at least one of these two is set;
    std::optional<std::chrono::nanoseconds> duration;  // if both are, whichever comes first ends the run
    unsigned connections = 50;                         // at most `requests`
    unsigned threads = 1;                              // at most `connections`
    RequestSpec request;
    std::chrono::nanoseconds timeout = std::chrono::seconds(30);  // for each request
    std::string json;       // file for the JSON report, "-" for stdout, empty for none
    std::string data_file;  // where the body came from (-D), for reports
    bool quiet = false;     // no progress line
    bool insecure = false;  // don't verify TLS certificates
};

// `hocket window`, and `hocket load --window`.
struct WindowOptions {
    LoadOptions load;    // what the form begins with
    bool start = false;  // the test, at once
};

// `hocket serve`.
struct ServeOptions {
    std::string host = "127.0.0.1";
    std::uint16_t port = 8080;          // 0: any free port
    std::chrono::nanoseconds delay{0};  // before each response
    unsigned status = 200;              // of each response
    std::uint64_t body_size = 13;       // of each response, bytes
    unsigned threads = 1;
};

// Nothing to run: print these (each complete with its line breaks, or empty) and exit.
struct ExitNow {
    int code = 0;
    std::string out;  // for stdout
    std::string err;  // for stderr
};

using Command = std::variant<LoadOptions, WindowOptions, ServeOptions, ExitNow>;

// What the machine allows; tests pass their own.
struct Machine {
    unsigned cores = 1;             // that this process may run on
    std::uint64_t descriptors = 0;  // that this process may have open

    // Asks the system; raises the soft limit of descriptors to the hard one, as there is no reason to live with less.
    static Machine here();
};

// Throws std::invalid_argument if requests of this method cannot be load-tested.
void check_testable_method(const std::string& method);

enum class TargetIs : std::uint8_t { elsewhere, in_this_process };
// Throws std::invalid_argument if there are more connections than this process may open: a descriptor for each, two if
// the target is in this process, too, and some for files, loops and signals.
void check_descriptors(const LoadOptions& options, TargetIs target, const Machine& machine);

// Understands the arguments that follow the program's name. Reads the -D file and opens the --json file for trial, so
// that a mistake is told before the run and not after. A wrong command line is an ExitNow with code 2 and one line for
// stderr. Doesn't throw.
Command parse_command_line(const std::vector<std::string>& arguments, const Machine& machine);

}  // namespace hocket::load
