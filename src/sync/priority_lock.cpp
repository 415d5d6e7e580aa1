#include "hocket/sync/priority_lock.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <stdexcept>
#include <system_error>
#include <thread>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace hocket {
namespace {

using namespace std::chrono_literals;

constexpr int kLockByMonotonicClock = 13;  // FUTEX_LOCK_PI2, which older headers do not know

std::uint32_t kernel_id() { return static_cast<std::uint32_t>(detail::ThreadRecord::current().native_id()); }

}  // namespace

const detail::OwnedKind PriorityLock::kOwnedKind{
    [](const void* lock) noexcept {
        return static_cast<const PriorityLock*>(lock)->owner_.load(std::memory_order_relaxed);
    },
    [](const void* lock) { return static_cast<const PriorityLock*>(lock)->description(); }};

std::string PriorityLock::description() const {
    char address[32];
    std::snprintf(address, sizeof address, "%p", static_cast<const void*>(this));
    const std::string title =
        "priority lock " + (name_.empty() ? std::string(address) : "'" + name_ + "' (" + address + ")");
    const detail::PartyId holder = owner_.load(std::memory_order_relaxed);
    if (holder == 0) return title;
    return title + ", taken at " + detail::place(taken_at_.load(std::memory_order_relaxed)) + " by " +
           std::to_string(detail::number_of(holder));
}

void PriorityLock::note_taken(Place where) noexcept {
    (void)owner_.load(std::memory_order_acquire);
    taken_at_.store(where, std::memory_order_relaxed);
    owner_.store(detail::current_party(), std::memory_order_relaxed);
}

bool PriorityLock::try_lock(Place where) noexcept {
    std::uint32_t free = 0;
    if (!word_.compare_exchange_strong(free, kernel_id(), std::memory_order_acquire, std::memory_order_relaxed))
        return false;
    note_taken(where);
    return true;
}

bool PriorityLock::lock_until(TimePoint deadline, Place where) {
    if (try_lock(where)) return true;
    detail::check_thread_cancelled();
    detail::check_may_block(where);
    {
        detail::ThreadWaiter waiter;  // in no queue: it stands for the wait in the graph
        detail::WaitEdge edge;
        if (deadline == kNever) edge.enter(waiter, this, kOwnedKind, where);
        if (!wait_in_kernel(deadline)) return false;
    }
    note_taken(where);
    return true;
}

bool PriorityLock::wait_in_kernel(TimePoint deadline) {
    const auto since = deadline.time_since_epoch().count();
    const timespec until{static_cast<time_t>(since / 1'000'000'000), static_cast<long>(since % 1'000'000'000)};
    const bool limited = deadline != kNever;
    for (;;) {
        if (::syscall(SYS_futex, &word_, (limited ? kLockByMonotonicClock : FUTEX_LOCK_PI) | FUTEX_PRIVATE_FLAG, 0,
                      limited ? &until : nullptr) == 0)
            return true;
        switch (errno) {
            case EINTR:
            case EAGAIN:  // the owner is about to end
                continue;
            case ETIMEDOUT:
                return false;
            case EDEADLK: {
                // A circle in which some wait has a limit, or the graph would have said so: until that is over.
                const TimePoint now = std::chrono::steady_clock::now();
                if (now >= deadline) return false;
                std::this_thread::sleep_until(std::min(deadline, now + 1ms));
                continue;
            }
            default:
                throw std::system_error(errno, std::generic_category(), "hocket: waiting for " + description());
        }
    }
}

void PriorityLock::unlock() {
    if (!owned())
        throw std::logic_error("hocket: unlock() of " + description() +
                               ", which the caller does not have; only the thread that took a lock may give it back");
    const detail::PartyId party = owner_.exchange(0, std::memory_order_release);
    std::uint32_t mine = kernel_id();
    if (word_.compare_exchange_strong(mine, 0, std::memory_order_release, std::memory_order_relaxed)) return;
    if (::syscall(SYS_futex, &word_, FUTEX_UNLOCK_PI_PRIVATE) == 0) return;
    const int error = errno;
    owner_.store(party, std::memory_order_relaxed);
    throw std::system_error(error, std::generic_category(),
                            "hocket: unlock() of " + description() +
                                ", which for the kernel another thread has; one that was taken before a fork() belongs "
                                "to the parent, and the child should make itself another");
}

}  // namespace hocket
