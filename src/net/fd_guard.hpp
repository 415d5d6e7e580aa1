// FdGuard: a descriptor that is closed at the end of its scope.
#pragma once
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace hocket::detail {

/// Owns a descriptor, or -1. Closing keeps errno.
class FdGuard {
public:
    explicit FdGuard(int fd = -1) noexcept : fd_(fd) {}
    FdGuard(FdGuard&& other) noexcept : fd_(other.release()) {}
    FdGuard& operator=(FdGuard&& other) noexcept {
        FdGuard taken(std::move(other));
        std::swap(fd_, taken.fd_);
        return *this;
    }
    ~FdGuard() { close(); }

    int get() const noexcept { return fd_; }
    int release() noexcept { return std::exchange(fd_, -1); }
    void close() noexcept {
        const int error = errno;
        if (const int fd = release(); fd >= 0) ::close(fd);
        errno = error;
    }

private:
    int fd_;
};

}  // namespace hocket::detail
