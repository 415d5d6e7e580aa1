#include "wake_event.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <system_error>

namespace hocket::detail {

WakeEvent::WakeEvent() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "hocket: make an eventfd for an event loop");
}

WakeEvent::~WakeEvent() { ::close(fd_); }

void WakeEvent::signal() const noexcept {
    const int fd = fd_;
    const std::uint64_t one = 1;
    while (::write(fd, &one, sizeof one) < 0 && errno == EINTR) {
    }
}

void WakeEvent::collect() noexcept {
    std::uint64_t count = 0;
    if (::read(fd_, &count, sizeof count) == sizeof count) collected_ += count;
}

void WakeEvent::wait(Duration limit) noexcept {
    pollfd polled{fd_, POLLIN, 0};
    const timespec exact{static_cast<std::time_t>(limit.count() / 1'000'000'000),
                         static_cast<long>(limit.count() % 1'000'000'000)};
    ::ppoll(&polled, 1, limit == Duration::max() ? nullptr : &exact, nullptr);
    collect();
}

void WakeEvent::await(std::uint64_t count) noexcept {
    while (collected_ < count) wait(Duration::max());
}

}  // namespace hocket::detail
