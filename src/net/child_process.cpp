#include "net/child_process.hpp"

#include <signal.h>
#include <sys/wait.h>

#include <cerrno>
#include <mutex>
#include <system_error>
#include <thread>

#include "hocket/aio/gather.hpp"
#include "hocket/aio/sleep.hpp"
#include "hocket/aio/timeout.hpp"
#include "hocket/net/detail/io_awaiters.hpp"
#include "net/pipe_transport.hpp"

namespace hocket::detail {
namespace {

int waitid_again(pid_t pid, siginfo_t& info, int options) noexcept {
    int result = 0;
    do {
        info = siginfo_t();
        result = ::waitid(P_PID, static_cast<id_t>(pid), &info, options);
    } while (result < 0 && errno == EINTR);
    return result;
}

// Waits for the end of a killed process elsewhere: that may take a while, for example while its memory is given back.
void collect_beside(pid_t pid) noexcept {
    const auto collect = [pid] {
        siginfo_t info;
        (void)waitid_again(pid, info, WEXITED);
    };
    try {
        std::thread(collect).detach();
    } catch (...) {
        collect();
    }
}

[[noreturn]] void throw_abandoned() {
    throw std::system_error(ECANCELED, std::generic_category(),
                            "hocket: wait for a process whose Subprocess is destroyed, which has killed it");
}

}  // namespace

ChildProcess::ChildProcess(Spawned spawned, bool own_group)
    : pid_(spawned.pid), own_group_(own_group), pidfd_(new Descriptor(spawned.pidfd.get(), false)) {
    spawned.pidfd.release();
    for (int number = 0; number < 3; ++number) {
        if (spawned.pipes[number].get() >= 0)
            pipes_[number] = Stream(std::make_unique<PipeTransport>(spawned.pipes[number].release()));
    }
}

ChildProcess::~ChildProcess() { abandon(); }

Stream& ChildProcess::pipe(int number) {
    static constexpr const char* kNames[] = {"in", "out", "err"};
    Stream& stream = pipes_[number];
    if (!stream.is_open())
        throw InvalidStateError(std::string("hocket: this Subprocess has no stream to its standard ") +
                                (number == 0   ? "input"
                                 : number == 1 ? "output"
                                               : "error") +
                                ": it is closed, or was not asked for (options." + kNames[number] +
                                " = Redirect::pipe())");
    return stream;
}

void ChildProcess::try_collect() {
    if (collected_) return;
    siginfo_t info;
    if (waitid_again(pid_, info, WEXITED | WNOHANG) < 0) {
        collected_ = true;  // by somebody else: its number means nothing any more
        throw std::system_error(errno, std::generic_category(),
                                "hocket: wait for a Subprocess; does this program wait for all its children, or ignore "
                                "SIGCHLD?");
    }
    if (info.si_pid == 0) return;
    collected_ = true;
    returncode_ = info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
}

void ChildProcess::send_signal(int signal) {
    if (collected_) return;
    if (::kill(own_group_ ? -pid_ : pid_, signal) < 0 && errno != ESRCH)
        throw std::system_error(errno, std::generic_category(), "hocket: send a signal to a Subprocess");
}

void ChildProcess::abandon() noexcept {
    for (Stream& pipe : pipes_) pipe.close();
    if (Descriptor* pidfd = std::exchange(pidfd_, nullptr)) pidfd->close();
    if (std::exchange(collected_, true)) return;
    ::kill(own_group_ ? -pid_ : pid_, SIGKILL);
    siginfo_t info;
    if (waitid_again(pid_, info, WEXITED | WNOHANG) == 0 && info.si_pid == 0) collect_beside(pid_);
}

Task<int> ChildProcess::wait(std::shared_ptr<ChildProcess> self) {
    const std::unique_lock<Lock> turn = co_await self->waiters_.async_lock();
    while (!self->returncode_) {
        if (self->pidfd_) co_await Readiness(*self->pidfd_, IoVerb::wait_readable);
        if (!self->pidfd_) throw_abandoned();
        self->try_collect();
    }
    co_return *self->returncode_;
}

Task<void> ChildProcess::feed(std::string input) {
    Stream& stream = pipes_[0];
    if (!stream.is_open()) co_return;
    try {
        co_await stream.write(input);
    } catch (const std::system_error& error) {
        if (error.code() != std::errc::broken_pipe) throw;
    }
    stream.close();
}

Task<std::string> ChildProcess::drain(int number, std::size_t limit) {
    if (!pipes_[number].is_open()) co_return std::string();
    co_return co_await pipes_[number].read_all(limit);
}

Task<ProcessOutput> ChildProcess::communicate(std::shared_ptr<ChildProcess> self, std::string input,
                                              std::size_t limit) {
    if (!input.empty() && !self->pipes_[0].is_open())
        throw InvalidStateError("hocket: communicate() was given input, but stdin is no pipe, or is closed");
    auto transfers = gather(self->drain(1, limit), self->drain(2, limit), self->feed(std::move(input)));
    auto results = co_await std::move(transfers);
    ProcessOutput output;
    output.out = std::get<0>(std::move(results));
    output.err = std::get<1>(std::move(results));
    output.returncode = co_await wait(self);
    co_return output;
}

Task<int> ChildProcess::stop(std::shared_ptr<ChildProcess> self, Duration grace) {
    self->send_signal(SIGTERM);
    try {
        co_return co_await timeout(grace, wait(self));
    } catch (const TimeoutError&) {
    } catch (const CancelledError&) {
    }
    self->send_signal(SIGKILL);
    {
        CancelScope scope(shielded);
        co_await wait(self);
    }
    co_await yield_now();  // throws if we were cancelled
    co_return *self->returncode_;
}

}  // namespace hocket::detail
