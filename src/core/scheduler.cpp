#include "hocket/core/detail/scheduler.hpp"

#include <bitset>
#include <mutex>

#include "hocket/core/detail/party.hpp"

namespace hocket::detail {
namespace {

// Which marks are in use. Given out in turn, so that one comes back late. Trivially destructible: a loop may outlive
// the static objects.
struct Marks {
    static constexpr std::size_t kCount = std::size_t{1} << (64 - kMarkShift - kPartyFlagBits);
    std::mutex mutex;
    std::bitset<kCount> used;
    std::size_t last = 0;

    PartyId take() noexcept {
        std::scoped_lock guard(mutex);
        for (std::size_t tried = 1; tried < kCount; ++tried) {
            last = last % (kCount - 1) + 1;
            if (used[last]) continue;
            used[last] = true;
            return PartyId{last} << kMarkShift;
        }
        return 0;
    }
    void give_back(PartyId mark) noexcept {
        std::scoped_lock guard(mutex);
        used[mark >> kMarkShift] = false;
    }
};
constinit Marks marks;

}  // namespace

Scheduler::Scheduler(Clock* clock) noexcept : mark_(marks.take()), clock_(clock) {}

Scheduler::~Scheduler() { marks.give_back(mark_); }

}  // namespace hocket::detail
