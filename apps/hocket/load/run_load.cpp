#include "run_load.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <system_error>

#include "engine.hpp"
#include "hocket/net.hpp"
#include "printable.hpp"
#include "progress.hpp"
#include "reach.hpp"
#include "summary.hpp"
#include "terminal.hpp"
#include "text_layout.hpp"

namespace hocket::load {
namespace {

using namespace std::chrono_literals;

constexpr auto kRedraw = 100ms;
constexpr int kInterrupted = 130;

// Draws the progress line for as long as it is awaited, then clears it; nothing if stderr is no terminal.
Task<void> draw_progress(const Engine& engine) {
    if (!is_terminal(STDERR_FILENO)) co_return;
    struct Line {
        Line() = default;
        ~Line() { say_text("\r\x1b[K"); }
    } const line;
    Progress before;
    for (;;) {
        co_await sleep(kRedraw);
        Progress now = engine.snapshot();
        const double seconds = std::chrono::duration<double>(now.elapsed - before.elapsed).count();
        const double recent = static_cast<double>(now.done - before.done) / seconds;
        now.requests_per_second = before.done == 0 ? recent : 0.7 * before.requests_per_second + 0.3 * recent;
        say("\r{}", progress_line(now, text_style(STDERR_FILENO)));
        before = now;
    }
}

sigset_t stop_signals() {
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGINT);
    ::sigaddset(&set, SIGTERM);
    return set;
}

// From now on Ctrl-C ends the program, also one that has come already.
void stop_signals_end_the_program() {
    const sigset_t set = stop_signals();
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
    ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

// The same, but one that came too late to stop anything does not cost the result.
void later_stop_signals_end_the_program() {
    const sigset_t set = stop_signals();
    const timespec at_once{};
    while (::sigtimedwait(&set, nullptr, &at_once) > 0) continue;
    stop_signals_end_the_program();
}

// Waits for the first Ctrl-C.
Task<void> stop_signal() {
    const sigset_t set = stop_signals();
    const int fd = ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0) throw std::system_error(errno, std::generic_category(), "signalfd");
    Watch watch(fd);
    ::close(fd);
    signalfd_siginfo first;
    do {
        co_await watch.async_wait_readable();
    } while (::read(watch.fileno(), &first, sizeof first) != sizeof first);
}

void write_json(const LoadOptions& options, const std::string& json) {
    if (options.json == "-") {
        std::fwrite(json.data(), 1, json.size(), stdout);
        return;
    }
    errno = 0;
    std::ofstream file(options.json, std::ios::trunc);
    file << json;
    file.close();
    if (file) return;
    const std::string why = errno != 0 ? fmt::format(": {}", std::strerror(errno)) : "";
    throw std::runtime_error(fmt::format("cannot write the JSON report to '{}'{}", options.json, why));
}

// One run of `hocket load`.
class LoadRun {
public:
    explicit LoadRun(const LoadOptions& options) : options_(options) {}

    Task<void> run(TaskGroup& group) {
        group.create_task(stop_on_signal(group), "signals");
        if (const std::optional<Address> address = co_await reached()) {
            engine_ = std::make_unique<Engine>(options_, *address);
            const Future<void> ended = engine_->start();
            if (!options_.quiet) group.create_task(draw_progress(*engine_), "progress");
            co_await shield(ended);
        }
        group.cancel("the test has ended");
    }

    // Prints what came of it; gives the exit code.
    int report() const {
        if (!interrupted_) later_stop_signals_end_the_program();
        if (!engine_) {
            if (interrupted_) say("hocket load: interrupted before {} had answered\n", url());
            if (!options_.json.empty()) write_json(options_, to_json(nothing_done(), options_));
            return interrupted_ ? kInterrupted : 1;
        }
        const Summary summary = engine_->summary();
        std::FILE* text = options_.json == "-" ? stderr : stdout;  // stdout is for one thing
        fmt::print(text, "{}", format_text(summary, options_, text_style(::fileno(text))));
        if (!options_.json.empty()) write_json(options_, to_json(summary, options_));
        if (summary.failure) say("hocket load: the load generator failed: {}\n", printable(summary.failure->message));
        if (summary.failure) return 1;
        if (summary.interrupted) return kInterrupted;
        return summary.responses() == 0 && summary.error_total() > 0 ? 1 : 0;
    }

private:
    // The first Ctrl-C ends the test; a second one, while it is ending, the program.
    Task<void> stop_on_signal(TaskGroup& group) {
        co_await stop_signal();
        interrupted_ = true;
        if (engine_) {
            engine_->stop();
        } else {
            group.cancel("interrupted");
        }
        stop_signals_end_the_program();
    }

    // The address that answers; if none does, says so early.
    Task<std::optional<Address>> reached() {
        try {
            co_return co_await reach(options_);
        } catch (const Unreachable& error) {
            say("hocket load: cannot reach {}: {}\n", url(), error.what());
            failure_ = error.failure();
        }
        co_return std::nullopt;
    }

    Summary nothing_done() const {
        Summary summary = load::nothing_done(options_, started_at_);
        summary.interrupted = interrupted_;
        summary.failure = failure_;
        return summary;
    }

    std::string url() const { return printable(options_.url->to_string()); }

    const LoadOptions& options_;
    const std::chrono::system_clock::time_point started_at_ = std::chrono::system_clock::now();
    std::unique_ptr<Engine> engine_;
    std::optional<Failure> failure_;
    bool interrupted_ = false;
};

Task<int> load(const LoadOptions& options) {
    LoadRun load_run(options);
    try {
        co_await task_group([&](TaskGroup& group) { return load_run.run(group); });
    } catch (const ExceptionGroup& group) {
        std::rethrow_exception(group.exceptions().front());  // it has cancelled the rest
    }
    co_return load_run.report();
}

}  // namespace

int run_load(const LoadOptions& options) { return run(load(options)); }

}  // namespace hocket::load
