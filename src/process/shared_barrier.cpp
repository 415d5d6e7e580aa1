#include "hocket/process/shared_barrier.hpp"

#include <algorithm>
#include <atomic>
#include <span>
#include <stdexcept>

#include "hocket/process/detail/robust_lock.hpp"
#include "process_id.hpp"
#include "shared_futex.hpp"

namespace hocket {
namespace {

// Why a round ends.
enum class End { complete, broken, reset };

constexpr std::uint32_t kRememberedRounds = 64;

}  // namespace

// Whether somebody waits is written beside who it is, and nowhere else. Under `lock`, but for the number of the round.
struct SharedBarrier::State {
    detail::RobustLock lock;
    detail::SharedWord round{0};  // who waits sleeps on it
    std::uint32_t broken = 0;
    std::uint64_t rounds_broken = 0;  // a bit for each of the last rounds, for those who wake up late
};

// One for each party. It keeps who sat there last.
struct SharedBarrier::Seat {
    detail::ProcessIdentity process;
    std::uint64_t taken = 0;
};

// The state, locked.
class SharedBarrier::Table {
public:
    Table(State& state, std::span<Seat> seats) : guard_(state.lock), state_(state), seats_(seats) {
        // A party that dies in the middle of this is one that will be missed.
        if (guard_.owner_died()) end_round(End::broken);
    }

    std::uint32_t round() const noexcept { return state_.round.load(std::memory_order_relaxed); }
    bool broken() const noexcept { return state_.broken != 0; }
    std::size_t waiting() const noexcept {
        return static_cast<std::size_t>(
            std::ranges::count_if(seats_, [](const Seat& seat) { return seat.taken != 0; }));
    }
    // The place of the calling process, which is free: the one that it had before, one that nobody had, or any.
    std::size_t sit_down() noexcept {
        const detail::ProcessIdentity me = detail::current_process();
        const auto better = [&](const Seat& a, const Seat& b) { return rank(a, me) < rank(b, me); };
        Seat& seat = *std::ranges::min_element(seats_, better);
        seat.process = me;
        seat.taken = 1;
        return static_cast<std::size_t>(&seat - seats_.data());
    }
    void stand_up(std::size_t place) noexcept { seats_[place].taken = 0; }
    void forget_me() noexcept {
        const detail::ProcessIdentity me = detail::current_process();
        for (Seat& seat : seats_) {
            if (seat.taken == 0 && seat.process == me) seat.process = detail::ProcessIdentity();
        }
    }
    bool somebody_died() const noexcept {
        return std::ranges::any_of(
            seats_, [](const Seat& seat) { return seat.process.id != 0 && detail::has_ended(seat.process); });
    }
    void end_round(End end) noexcept {
        const std::uint32_t round = this->round();
        const std::uint64_t bit = std::uint64_t{1} << round % kRememberedRounds;
        state_.rounds_broken = end == End::complete ? state_.rounds_broken & ~bit : state_.rounds_broken | bit;
        if (end != End::complete) state_.broken = end == End::broken;
        for (Seat& seat : seats_) {
            seat.taken = 0;
            if (end != End::complete) seat.process = detail::ProcessIdentity();
        }
        state_.round.store(round + 1, std::memory_order_release);
        detail::wake_shared(state_.round, detail::kEverybody);
    }
    bool was_broken(std::uint32_t round) const noexcept {
        return (state_.rounds_broken >> round % kRememberedRounds & 1) != 0;
    }

private:
    static int rank(const Seat& seat, const detail::ProcessIdentity& me) noexcept {
        if (seat.taken != 0) return 3;
        if (seat.process == me) return 0;
        return seat.process.id == 0 ? 1 : 2;
    }
    detail::RobustGuard guard_;
    State& state_;
    std::span<Seat> seats_;
};

SharedBarrier::Table SharedBarrier::table_in(const SharedMemory& memory) {
    const auto& header = *reinterpret_cast<const detail::SharedHeader*>(memory.data());
    std::byte* const state = memory.data() + sizeof(detail::SharedHeader);
    return Table(*reinterpret_cast<State*>(state),
                 {reinterpret_cast<Seat*>(state + sizeof(State)), static_cast<std::size_t>(header.count)});
}

// As long as a process has the handle by which it waited, it is expected to come again.
class SharedBarrier::Membership {
public:
    explicit Membership(SharedMemory memory) noexcept : memory_(std::move(memory)) {}
    Membership(const Membership&) = delete;
    Membership& operator=(const Membership&) = delete;
    ~Membership() {
        if (waited.load(std::memory_order_relaxed)) table_in(memory_).forget_me();
    }
    std::atomic<bool> waited{false};

private:
    SharedMemory memory_;
};

detail::SharedObject::Kind SharedBarrier::kind() noexcept { return {"shared barrier", sizeof(State), sizeof(Seat)}; }

SharedBarrier::SharedBarrier(std::size_t parties, std::string_view name)
    : SharedObject(kind(), name, parties), membership_(std::make_shared<Membership>(memory())) {
    if (parties == 0) throw std::invalid_argument("hocket: a SharedBarrier for 0 parties; it needs at least 1");
}
SharedBarrier::SharedBarrier(SharedMemory memory)
    : SharedObject(std::move(memory), kind()), membership_(std::make_shared<Membership>(this->memory())) {}
SharedBarrier::SharedBarrier(InputArchive& archive)
    : SharedObject(archive, kind()), membership_(std::make_shared<Membership>(memory())) {}
SharedBarrier SharedBarrier::from_descriptor(int descriptor) {
    return SharedBarrier(SharedMemory::from_descriptor(descriptor));
}

std::size_t SharedBarrier::block(TimePoint deadline, Place where) const {
    const auto throw_broken = [this](const char* why) {
        throw BrokenBarrierError("hocket: the " + title() + " is broken" + why);
    };
    detail::check_thread_cancelled();
    detail::SharedSleep sleeper(where);
    membership_->waited.store(true, std::memory_order_relaxed);
    std::size_t place = 0;
    std::uint32_t round = 0;
    {
        Table table = table_in(memory());
        if (table.broken()) throw_broken("; reset() it to use it again");
        place = table.sit_down();
        round = table.round();
        if (table.waiting() == parties()) {
            table.end_round(End::complete);
            return place;
        }
    }
    const detail::SharedWord& word = state<State>().round;
    using Outcome = detail::SharedSleep::Outcome;
    for (;;) {
        const Outcome outcome =
            sleeper.sleep(word, round, std::min(deadline, detail::deadline_after(detail::kLookAgain)));
        const bool late = outcome == Outcome::timed_out && std::chrono::steady_clock::now() >= deadline;
        if (outcome == Outcome::looked_at && word.load(std::memory_order_acquire) == round) continue;
        Table table = table_in(memory());
        if (table.round() != round) {
            if (table.was_broken(round)) throw_broken("");
            return place;
        }
        if (outcome == Outcome::cancelled) {
            table.stand_up(place);
            break;
        }
        if (late) {
            table.end_round(End::broken);
            throw_broken(": not all its parties came in time");
        }
        if (table.somebody_died()) {
            table.end_round(End::broken);
            throw_broken(": a process that takes part in it has died");
        }
    }
    sleeper.throw_cancelled();
}

void SharedBarrier::abort() const { table_in(memory()).end_round(End::broken); }
void SharedBarrier::reset() const { table_in(memory()).end_round(End::reset); }
bool SharedBarrier::broken() const { return table_in(memory()).broken(); }
std::size_t SharedBarrier::n_waiting() const { return table_in(memory()).waiting(); }

}  // namespace hocket
