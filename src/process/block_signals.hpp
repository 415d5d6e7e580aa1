// Signals are for the program's own threads, not for the library's.
#pragma once
#include <signal.h>

namespace hocket::detail {

/// Threads that are started while it lives receive no signals.
class BlockSignals {
public:
    BlockSignals() noexcept {
        sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    BlockSignals(const BlockSignals&) = delete;
    BlockSignals& operator=(const BlockSignals&) = delete;
    ~BlockSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

private:
    sigset_t before_{};
};

}  // namespace hocket::detail
