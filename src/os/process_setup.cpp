#include "os/process_setup.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>
#include <system_error>
#include <vector>
#if __has_include(<ext/stdio_sync_filebuf.h>)
#include <ext/stdio_sync_filebuf.h>
#endif

#include "hocket/core/detail/scheduler.hpp"
#include "hocket/core/errors.hpp"
#include "net/signal_source.hpp"
#include "net/throw_errno.hpp"

namespace hocket::detail {
namespace {

// ThreadSanitizer has a thread of its own, which it stops for a fork.
#if defined(__SANITIZE_THREAD__)
constexpr std::size_t kForeignThreads = 1;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
constexpr std::size_t kForeignThreads = 1;
#else
constexpr std::size_t kForeignThreads = 0;
#endif
#else
constexpr std::size_t kForeignThreads = 0;
#endif

// The names of this process' threads but the calling one. Empty if /proc is not there to tell.
std::vector<std::string> other_threads() {
    std::vector<std::string> names;
    std::error_code none;
    const std::string self = std::to_string(::gettid());
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task", none)) {
        if (entry.path().filename() == self) continue;
        std::string name;
        std::getline(std::ifstream(entry.path() / "comm"), name);
        names.push_back(name);
    }
    return names;
}

FdGuard open_stream(const std::filesystem::path& path, int flags, const char* what) {
    const std::string subject = std::string("hocket: open ") + path.string() + " as a daemon's standard " + what;
    // O_NONBLOCK: a FIFO without a reader must not hold us up.
    FdGuard fd(::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, 0644));
    if (fd.get() < 0) {
        if (errno == ELOOP)
            throw std::system_error(
                EPERM, std::generic_category(),
                subject + ": it is a symbolic link, which anybody may have laid there; name the file");
        throw_errno(subject.c_str());
    }
    struct stat file {};
    if (::fstat(fd.get(), &file) < 0) throw_errno(subject.c_str());
    if (!S_ISREG(file.st_mode) && !S_ISCHR(file.st_mode))
        throw std::system_error(EPERM, std::generic_category(), subject + ": it is neither a file nor a device");
    if (S_ISREG(file.st_mode) && file.st_uid != ::geteuid() && file.st_uid != 0)
        throw std::system_error(EPERM, std::generic_category(),
                                subject + ": it belongs to the user " + std::to_string(file.st_uid) +
                                    ", not to this one or root; remove it, or name another file");
    ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) & ~O_NONBLOCK);
    return fd;
}

constexpr int kAppend = O_WRONLY | O_CREAT | O_APPEND;

// Whether std::cout goes through stdout, as it does unless the program has asked for the contrary.
bool cout_is_stdout() {
#if __has_include(<ext/stdio_sync_filebuf.h>)
    return dynamic_cast<__gnu_cxx::stdio_sync_filebuf<char>*>(std::cout.rdbuf()) != nullptr;
#else
    return false;
#endif
}

}  // namespace

void require_fork_is_safe(const DaemonOptions& options) {
    const std::string start = "hocket: start the daemon '" + options.name + "': ";
    if (Scheduler::current())
        throw InvalidStateError(start +
                                "this thread runs an event loop, which the daemon's process would not have; call "
                                "daemonize() outside of it, and run the loop in the body");
    if (SignalSource::any())
        throw InvalidStateError(start +
                                "this process has Signals, by which the daemon could not be told to stop; make them in "
                                "the body");
    const std::vector<std::string> others = other_threads();
    if (others.size() <= kForeignThreads) return;
    std::string names;
    for (const std::string& name : others) names += (names.empty() ? "'" : ", '") + name + "'";
    throw InvalidStateError(start + "this process has " + std::to_string(others.size()) + " other thread" +
                            (others.size() == 1 ? "" : "s") + " (" + names +
                            "), which the daemon's process would not have, while it had their locks as they are now; "
                            "call daemonize() before anything starts a thread, and start pools, loops and threads in "
                            "the body");
}

void flush_standard_streams() {
    std::cout.flush();
    std::clog.flush();
    std::fflush(nullptr);
}

void write_lines_at_once() {
    std::fflush(stdout);
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    if (!cout_is_stdout()) std::cout << std::unitbuf;
}

void reset_signals() noexcept {
    for (int signal = 1; signal <= SIGRTMAX; ++signal) {
        switch (signal) {
            case SIGSEGV:
            case SIGBUS:
            case SIGFPE:
            case SIGILL:
            case SIGABRT:
            case SIGTRAP:
            case SIGSYS:
                break;
            default:
                ::signal(signal, SIG_DFL);  // fails for some, which have no other effect
        }
    }
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void close_descriptors_except(std::span<const int> kept) {
    std::vector<int> sorted(kept.begin(), kept.end());
    std::sort(sorted.begin(), sorted.end());
    unsigned first = 3;
    for (const int fd : sorted) {
        if (fd < 3) continue;
        const auto number = static_cast<unsigned>(fd);
        if (number > first && ::close_range(first, number - 1, 0) < 0)
            throw_errno("hocket: close inherited descriptors");
        first = std::max(first, number + 1);
    }
    if (::close_range(first, ~0u, 0) < 0) throw_errno("hocket: close inherited descriptors");
}

void occupy_standard_descriptors() {
    for (int fd = 0; fd < 3; ++fd) {
        if (::fcntl(fd, F_GETFD) >= 0) continue;
        if (::open("/dev/null", O_RDWR | O_NOCTTY) != fd)  // the lowest that is free
            throw_errno("hocket: open /dev/null in place of a standard stream that is closed");
    }
}

StandardStreams::StandardStreams(const DaemonOptions& options)
    : input_(open_stream(options.input, O_RDONLY, "input")), output_(open_stream(options.output, kAppend, "output")) {
    if (options.error && *options.error != options.output) error_ = open_stream(*options.error, kAppend, "error");
}

void StandardStreams::take_effect() {
    const int error = error_.get() >= 0 ? error_.get() : output_.get();
    if (::dup2(input_.get(), 0) < 0 || ::dup2(output_.get(), 1) < 0 || ::dup2(error, 2) < 0)
        throw_errno("hocket: give a daemon its standard streams");
    write_lines_at_once();
}

}  // namespace hocket::detail
