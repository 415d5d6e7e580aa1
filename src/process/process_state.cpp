#include "hocket/process/detail/process_state.hpp"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <mutex>
#include <system_error>

namespace hocket::detail {

std::string ProcessEnd::text() const {
    if (unknown) return "has ended, with the helper process that had started it";
    if (code >= 0) return "ended with exit code " + std::to_string(code);
    const int signal = -code;
    const char* abbreviation = ::sigabbrev_np(signal);
    std::string text = "was killed by signal " + std::to_string(signal) + " (" +
                       (abbreviation ? std::string("SIG") + abbreviation : std::string("a realtime signal")) + ")";
    if (signal == SIGKILL) text += ": somebody has killed it, or the system has, for want of memory";
    if (dumped_core) text += "; it has dumped its core";
    return text;
}

void ProcessState::send_signal(int signal) {
    // By the descriptor: the pid may be somebody else's as soon as the process is gone.
    const std::scoped_lock guard(pidfd_mutex_);
    if (ended() || !pidfd_) return;
    if (::syscall(SYS_pidfd_send_signal, pidfd_.get(), signal, nullptr, 0) == 0 || errno == ESRCH) return;
    throw std::system_error(errno, std::generic_category(),
                            "hocket: send signal " + std::to_string(signal) + " to process '" + name_ + "' (pid " +
                                std::to_string(pid_) + ")");
}

bool ProcessState::block_until(TimePoint deadline, std::source_location where) {
    check_thread_cancelled();
    if (ended()) return true;
    ThreadWaiter waiter;
    return !wait_with(waiter) || waiter.block(deadline, where) || ended();
}

void ProcessState::finish(const ProcessEnd& end) noexcept {
    end_ = end;
    {
        const std::scoped_lock guard(pidfd_mutex_);
        pidfd_ = OwnedDescriptor();
    }
    WaitQueue::Popped waiters;
    {
        WaitQueue::Lock lock(waiters_);
        ended_.store(true, std::memory_order_release);
        waiters = lock.pop_all();
    }
    if (const auto listener = listener_.lock()) listener->process_ended(*this);
    WaitQueue::wake_all(waiters);
}

}  // namespace hocket::detail
