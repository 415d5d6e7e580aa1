#include "hocket/core/detail/descriptor_wait.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "hocket/core/detail/wait_queue.hpp"

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

int this_threads_wake_descriptor() {
    thread_local const WakeDescriptor descriptor;
    return descriptor.fd();
}

// Queued where nobody but a cancellation comes for it; that makes the eventfd readable.
class DescriptorWaiter final : public Waiter {
public:
    explicit DescriptorWaiter(int wake) noexcept : Waiter(Kind::calls_back), wake_(wake) {
        nobody_else_.push_unless(*this, [] { return false; });
    }
    ~DescriptorWaiter() {
        WaitQueue::Lock lock(nobody_else_);
        (void)lock.pop();
    }
    void run() noexcept override {
        const std::uint64_t one = 1;
        (void)!::write(wake_, &one, sizeof one);
    }

private:
    int wake_;
    WaitQueue nobody_else_;
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

    polled[1].fd = this_threads_wake_descriptor();
    DescriptorWaiter waiter(polled[1].fd);
    struct Watched {
        explicit Watched(ThreadCanceller& canceller, Waiter& waiter) : canceller(canceller) { canceller.watch(waiter); }
        ~Watched() { canceller.unwatch(); }
        ThreadCanceller& canceller;
    };
    bool ready = false;
    {
        const Watched watched(*canceller, waiter);
        ready = poll_until(polled, 2, deadline);
    }
    if (waiter.outcome() == WaitOutcome::cancelled) {
        std::uint64_t count = 0;
        (void)!::read(polled[1].fd, &count, sizeof count);
        canceller->throw_cancelled();
    }
    return ready;
}

}  // namespace hocket::detail
