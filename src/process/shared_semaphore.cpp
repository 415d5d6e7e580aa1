#include "hocket/process/shared_semaphore.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "hocket/process/detail/robust_lock.hpp"
#include "hocket/process/detail/shared_signal.hpp"
#include "permit_book.hpp"
#include "shared_futex.hpp"

namespace hocket {
namespace {

constexpr std::uint32_t kMost = std::numeric_limits<std::int32_t>::max();

std::uint32_t checked(std::ptrdiff_t permits, const char* what) {
    if (permits < 0)
        throw std::invalid_argument(std::string("hocket: ") + what + " of " + std::to_string(permits) + " permits");
    if (permits > static_cast<std::ptrdiff_t>(kMost))
        throw std::invalid_argument(std::string("hocket: ") + what + " of more than 2^31 - 1 permits");
    return static_cast<std::uint32_t>(permits);
}

}  // namespace

// Those who wait do so one behind another: the one who has `line` sleeps on `freed`, the others on the lock. Whoever is
// killed there is followed by the next.
struct SharedSemaphore::State {
    detail::SharedWord permits{0};  // those of a semaphore without owners
    std::uint32_t owned = 0;        // whether it is one with owners, and `book` counts; never changes
    detail::RobustLock line;
    detail::SharedSignal freed;
    detail::PermitBook book;
};

detail::SharedObject::Kind SharedSemaphore::kind(Permits permits) noexcept {
    return {permits == Permits::owned ? "shared b. semaphore" : "shared semaphore", sizeof(State)};
}

SharedSemaphore::SharedSemaphore(std::ptrdiff_t permits, std::string_view name, Permits kind)
    : SharedObject(SharedSemaphore::kind(kind), name) {
    const std::uint32_t count = checked(permits, "a semaphore");
    State& state = this->state<State>();
    state.owned = kind == Permits::owned;
    state.permits.store(count, std::memory_order_relaxed);
    state.book.open(count);
}
SharedSemaphore::SharedSemaphore(std::ptrdiff_t permits, std::string_view name)
    : SharedSemaphore(permits, name, Permits::nobodys) {}
SharedSemaphore::SharedSemaphore(SharedMemory memory, Permits permits)
    : SharedObject(std::move(memory), kind(permits)) {}
SharedSemaphore::SharedSemaphore(InputArchive& archive, Permits permits) : SharedObject(archive, kind(permits)) {}
SharedSemaphore::SharedSemaphore(InputArchive& archive) : SharedSemaphore(archive, Permits::nobodys) {}
SharedSemaphore SharedSemaphore::from_descriptor(int descriptor) {
    return SharedSemaphore(SharedMemory::from_descriptor(descriptor), Permits::nobodys);
}

bool SharedSemaphore::try_acquire() const {
    State& state = this->state<State>();
    if (state.owned != 0) return state.book.try_take();
    std::uint32_t free = state.permits.load(std::memory_order_seq_cst);
    while (free > 0) {
        if (state.permits.compare_exchange_weak(free, free - 1, std::memory_order_seq_cst)) return true;
    }
    return false;
}

bool SharedSemaphore::acquire_until(TimePoint deadline, std::source_location where) const {
    detail::check_thread_cancelled();
    if (try_acquire()) return true;
    State& state = this->state<State>();
    using Result = detail::RobustLock::Result;
    const Result turn = state.line.lock(deadline, where, detail::RobustLock::Cancellation::ends_wait);
    if (turn == Result::late) return false;
    if (turn == Result::cancelled) detail::RobustLock::throw_cancelled();
    class Turn {
    public:
        explicit Turn(detail::RobustLock& line) noexcept : line_(line) {}
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;
        ~Turn() { line_.unlock(); }

    private:
        detail::RobustLock& line_;
    };
    const Turn guard(state.line);
    detail::SharedSleep sleeper(where);
    for (;;) {
        const std::uint32_t serial = state.freed.prepare();
        if (try_acquire()) return true;
        if (std::chrono::steady_clock::now() >= deadline) return false;
        const auto until = std::min(deadline, detail::deadline_after(detail::kLookAgain));
        if (sleeper.sleep(state.freed.word(), serial, until) == detail::SharedSleep::Outcome::cancelled)
            sleeper.throw_cancelled();
    }
}

void SharedSemaphore::release(std::ptrdiff_t permits) const {
    const std::uint32_t count = checked(permits, "a release");
    State& state = this->state<State>();
    if (state.owned != 0) {
        if (!state.book.give_back(count)) {
            throw std::logic_error("hocket: release() of the " + title() +
                                   ": it would have more permits than at first; each is given back once, by whoever "
                                   "took it or for it");
        }
    } else {
        std::uint32_t free = state.permits.load(std::memory_order_relaxed);
        do {
            if (count > kMost - free)
                throw std::logic_error("hocket: release() of the " + title() + " to above 2^31 - 1");
        } while (!state.permits.compare_exchange_weak(free, free + count, std::memory_order_seq_cst));
    }
    state.freed.notify(detail::SharedSignal::Sleepers::one);
}

std::ptrdiff_t SharedSemaphore::value() const {
    State& state = this->state<State>();
    return state.owned != 0 ? state.book.free() : state.permits.load(std::memory_order_relaxed);
}

SharedBoundedSemaphore::SharedBoundedSemaphore(std::ptrdiff_t permits, std::string_view name)
    : SharedSemaphore(permits, name, Permits::owned) {}
SharedBoundedSemaphore::SharedBoundedSemaphore(SharedMemory memory)
    : SharedSemaphore(std::move(memory), Permits::owned) {}
SharedBoundedSemaphore::SharedBoundedSemaphore(InputArchive& archive) : SharedSemaphore(archive, Permits::owned) {}
SharedBoundedSemaphore SharedBoundedSemaphore::from_descriptor(int descriptor) {
    return SharedBoundedSemaphore(SharedMemory::from_descriptor(descriptor));
}

std::size_t SharedBoundedSemaphore::recovered() const noexcept { return state<State>().book.recovered(); }

}  // namespace hocket
