#include "hocket/sync/condition.hpp"

#include <exception>
#include <stdexcept>
#include <string>

namespace hocket {

using detail::PartyId;

PartyId Condition::holder(const char* attempt) const {
    const PartyId me = detail::current_party();
    if (core_.owner() != me)
        throw std::logic_error(std::string("hocket: ") + attempt + " on a condition whose lock, " + core_.describe() +
                               ", the caller does not have; take it first");
    return me;
}

bool Condition::block(TimePoint deadline, std::source_location where) {
    // Takes the lock again on every way out.
    class Unlocked {
    public:
        Unlocked(detail::LockCore& core, PartyId me, std::source_location where) noexcept
            : core_(core), me_(me), where_(where), depth_(core.unlock_wholly(me)) {}
        Unlocked(const Unlocked&) = delete;
        Unlocked& operator=(const Unlocked&) = delete;
        ~Unlocked() { core_.lock_again(me_, depth_, where_); }

    private:
        detail::LockCore& core_;
        PartyId me_;
        std::source_location where_;
        std::uint32_t depth_;
    };
    const PartyId me = holder("wait");
    detail::ThreadWaiter waiter;
    detail::WaitQueue::Lock(waiters_).push(waiter);  // before the lock is given back: no notification is missed
    const Unlocked unlocked(core_, me, where);
    return waiter.block(deadline, where);
}

// In line, the lock given back.
class Condition::Sleep {
public:
    class [[nodiscard]] Awaiter final : public detail::QueueAwaiter<Awaiter> {
    public:
        explicit Awaiter(Sleep& sleep) noexcept : sleep_(sleep) {}
        bool try_now() const noexcept { return false; }
        std::string waits_for() const override { return "a condition"; }
        bool take_or_queue() noexcept {
            detail::WaitQueue::Lock(sleep_.condition_.waiters_).push(*this);
            sleep_.unlocked_ = true;
            sleep_.depth_ = sleep_.condition_.core_.unlock_wholly(sleep_.me_);
            return false;
        }
        void await_resume() const { check(); }

    private:
        Sleep& sleep_;
    };
    Sleep(Condition& condition, PartyId me) noexcept : condition_(condition), me_(me) {}
    Awaiter operator co_await() noexcept { return Awaiter(*this); }
    bool unlocked() const noexcept { return unlocked_; }
    std::uint32_t depth() const noexcept { return depth_; }

private:
    Condition& condition_;
    PartyId me_;
    bool unlocked_ = false;
    std::uint32_t depth_ = 0;
};

detail::Step Condition::wait_in_task(std::source_location where) {
    Sleep sleep(*this, holder("wait"));
    std::exception_ptr cancelled;
    try {
        co_await sleep;
    } catch (...) {
        cancelled = std::current_exception();
    }
    if (sleep.unlocked()) {
        const detail::ShieldedWaits shield(*detail::Scheduler::current()->current_task());
        detail::AsyncAgain again(core_, sleep.depth(), where);
        co_await again;
    }
    if (cancelled) std::rethrow_exception(cancelled);
}

void Condition::notify(std::size_t count) {
    (void)holder("notify");
    while (count-- > 0 && waiters_.wake_one()) {
    }
}

void Condition::notify_all() {
    (void)holder("notify");
    waiters_.wake_all();
}

}  // namespace hocket
