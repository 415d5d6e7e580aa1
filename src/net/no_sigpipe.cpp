#include "net/no_sigpipe.hpp"

#include <cerrno>
#include <ctime>

namespace hocket::detail {
namespace {

sigset_t sigpipe() noexcept {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    return set;
}

bool is_pending() noexcept {
    sigset_t pending;
    sigpending(&pending);
    return sigismember(&pending, SIGPIPE) == 1;
}

}  // namespace

NoSigpipe::NoSigpipe() noexcept {
    const sigset_t set = sigpipe();
    pthread_sigmask(SIG_BLOCK, &set, &before_);
    // Only one who keeps it blocked can have it pending.
    if (sigismember(&before_, SIGPIPE) == 1) was_pending_ = is_pending();
}

NoSigpipe::~NoSigpipe() {
    const int error = errno;
    if (error == EPIPE && !was_pending_ && is_pending()) {
        const sigset_t set = sigpipe();
        const timespec now{};
        (void)sigtimedwait(&set, nullptr, &now);
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    errno = error;
}

}  // namespace hocket::detail
