// NoSigpipe: writing to a pipe that nobody reads is an error, not the end of the program.
#pragma once
#include <csignal>

namespace hocket::detail {

/// While it lives, this thread's calls that write where nobody reads fail with EPIPE and raise no signal: what send()
/// does by MSG_NOSIGNAL, for write() and sendfile(). A SIGPIPE that was pending before stays.
class NoSigpipe {
public:
    NoSigpipe() noexcept;
    NoSigpipe(const NoSigpipe&) = delete;
    NoSigpipe& operator=(const NoSigpipe&) = delete;
    ~NoSigpipe();

private:
    sigset_t before_;
    bool was_pending_ = false;
};

}  // namespace hocket::detail
