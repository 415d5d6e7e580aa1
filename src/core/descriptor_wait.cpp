#include "hocket/core/detail/descriptor_wait.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "hocket/core/detail/cancel_watch.hpp"
#include "hocket/core/detail/thread_end.hpp"

namespace hocket::detail {
namespace {

// A thread's own eventfd, by which its waits for other descriptors are ended.
class WakeDescriptor {
public:
    WakeDescriptor() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
        if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "hocket: open an eventfd");
    }
    WakeDescriptor(const WakeDescriptor&) = delete;
    WakeDescriptor& operator=(const WakeDescriptor&) = delete;
    ~WakeDescriptor() { ::close(fd_); }
    int fd() const noexcept { return fd_; }

private:
    int fd_;
};

// Waits for the first of `count` descriptors; false when the deadline has come.
bool poll_until(pollfd* polled, nfds_t count, TimePoint deadline) {
    for (;;) {
        timespec left{};
        if (deadline != kNever) {
            const auto now = std::chrono::steady_clock::now();
            const Duration limit = deadline > now ? deadline - now : Duration::zero();
            left.tv_sec = static_cast<time_t>(limit.count() / 1'000'000'000);
            left.tv_nsec = static_cast<long>(limit.count() % 1'000'000'000);
        }
        const int ready = ::ppoll(polled, count, deadline == kNever ? nullptr : &left, nullptr);
        if (ready >= 0) return ready > 0;
        if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "hocket: wait for a descriptor");
    }
}

}  // namespace

bool block_until_ready(int fd, short events, TimePoint deadline, std::source_location where) {
    check_may_block(where);
    ThreadCanceller* canceller = ThreadCanceller::in_force();
    pollfd polled[2]{{fd, events, 0}, {-1, POLLIN, 0}};
    if (!canceller) return poll_until(polled, 1, deadline);

    const int wake = UntilThreadEnd<WakeDescriptor>::get().fd();
    polled[1].fd = wake;
    CancelWatch watch(*canceller, [wake] {
        const std::uint64_t one = 1;
        (void)!::write(wake, &one, sizeof one);
    });
    // Whatever way the wait ends, the next one of this thread finds its descriptor empty.
    const auto cancelled = [&] {
        if (!watch.end()) return false;
        std::uint64_t count = 0;
        (void)!::read(wake, &count, sizeof count);
        return true;
    };
    bool ready = false;
    try {
        ready = poll_until(polled, 2, deadline);
    } catch (...) {
        (void)cancelled();
        throw;
    }
    if (cancelled()) canceller->throw_cancelled();
    return ready;
}

}  // namespace hocket::detail
