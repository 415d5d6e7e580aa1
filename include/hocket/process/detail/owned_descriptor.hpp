// A file descriptor that closes itself.
#pragma once
#include <utility>

namespace hocket::detail {

class OwnedDescriptor {
public:
    OwnedDescriptor() noexcept = default;
    /// Takes over `fd`; -1 for none.
    explicit OwnedDescriptor(int fd) noexcept : fd_(fd) {}
    OwnedDescriptor(OwnedDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    OwnedDescriptor& operator=(OwnedDescriptor&& other) noexcept {
        OwnedDescriptor moved(std::move(other));
        std::swap(fd_, moved.fd_);
        return *this;
    }
    ~OwnedDescriptor();

    int get() const noexcept { return fd_; }
    explicit operator bool() const noexcept { return fd_ >= 0; }
    /// Gives it up without closing it.
    int release() noexcept { return std::exchange(fd_, -1); }
    /// Another descriptor of the same open file, above 2 and closed by exec. Throws std::system_error.
    OwnedDescriptor duplicate() const;

private:
    int fd_ = -1;
};

/// Another descriptor of what `fd` has open, above 2 and closed by exec. Throws std::system_error.
OwnedDescriptor duplicate_descriptor(int fd);

}  // namespace hocket::detail
