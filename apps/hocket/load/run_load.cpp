#include "run_load.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <system_error>

#include "engine.hpp"
#include "hocket/net.hpp"
#include "progress.hpp"
#include "summary.hpp"
#include "terminal.hpp"
#include "text_layout.hpp"

namespace hocket::load {
namespace {

using namespace std::chrono_literals;

constexpr auto kRedraw = 100ms;
constexpr int kInterrupted = 130;

// The progress line; nothing if stderr is no terminal.
class ProgressFace {
public:
    explicit ProgressFace(bool wanted) : shown_(wanted && is_terminal(STDERR_FILENO)) {}

    Task<void> follow(const Engine& engine) {
        if (!shown_) co_return;
        Progress before;
        for (;;) {
            co_await sleep(kRedraw);
            Progress now = engine.snapshot();
            const double seconds = std::chrono::duration<double>(now.elapsed - before.elapsed).count();
            const double recent = static_cast<double>(now.done - before.done) / seconds;
            now.requests_per_second = before.done == 0 ? recent : 0.7 * before.requests_per_second + 0.3 * recent;
            fmt::print(stderr, "\r{}", progress_line(now, text_style(STDERR_FILENO)));
            before = now;
        }
    }
    void clear() const {
        if (shown_) fmt::print(stderr, "\r\x1b[K");
    }

private:
    bool shown_;
};

sigset_t stop_signals() {
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGINT);
    ::sigaddset(&set, SIGTERM);
    return set;
}

// The first Ctrl-C ends the test; a second one, while it is ending, the program.
Task<void> stop_on_signal(Engine& engine) {
    const sigset_t set = stop_signals();
    const int fd = ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0) throw std::system_error(errno, std::generic_category(), "signalfd");
    Watch watch(fd);
    ::close(fd);
    co_await watch.async_wait_readable();
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
    signalfd_siginfo first;
    if (::read(watch.fileno(), &first, sizeof first) != sizeof first) co_return;
    engine.stop();
    ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

Task<void> follow(Engine& engine, ProgressFace& face, TaskGroup& group) {
    const Future<void> ended = engine.start();
    group.create_task(face.follow(engine), "progress");
    group.create_task(stop_on_signal(engine), "signals");
    co_await shield(ended);
    group.cancel("the test has ended");
}

// Finds the address that answers, and so finds out early that none does.
Task<Address> reach(const LoadOptions& options) {
    const Socket socket =
        co_await timeout(options.timeout, Socket::async_connect(options.url->host, options.url->port));
    co_return socket.peer_address();
}

void write_json(const LoadOptions& options, const std::string& json) {
    if (options.json == "-") {
        std::fwrite(json.data(), 1, json.size(), stdout);
        return;
    }
    std::ofstream file(options.json, std::ios::trunc);
    file << json;
    file.close();
    if (!file) throw std::runtime_error("cannot write the JSON report to " + options.json);
}

int report(const Engine& engine, const LoadOptions& options) {
    const Summary summary = engine.summary();
    std::FILE* text = options.json == "-" ? stderr : stdout;  // stdout is for one thing
    const int descriptor = ::fileno(text);
    fmt::print(text, "{}", format_text(summary, options, text_style(descriptor)));
    if (!options.json.empty()) write_json(options, to_json(summary, options));
    if (summary.interrupted) return kInterrupted;
    return summary.responses() == 0 && summary.error_total() > 0 ? 1 : 0;
}

Task<int> load(LoadOptions options) {
    Address address;
    try {
        address = co_await reach(options);
    } catch (const std::exception& error) {
        fmt::print(stderr, "hocket load: cannot reach {}: {}\n", options.url->to_string(), error.what());
        co_return 1;
    }
    Engine engine(options, address);
    ProgressFace face(!options.quiet);
    co_await task_group([&](TaskGroup& group) { return follow(engine, face, group); });
    face.clear();
    co_return report(engine, options);
}

}  // namespace

int run_load(const LoadOptions& options) { return run(load(options)); }

}  // namespace hocket::load
