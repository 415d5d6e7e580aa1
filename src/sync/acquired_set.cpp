#include "hocket/sync/detail/acquired_set.hpp"

#include <algorithm>
#include <functional>
#include <mutex>

#include "hocket/core/detail/wait_graph.hpp"
#include "hocket/core/errors.hpp"
#include "hocket/core/report.hpp"

namespace hocket::detail {

// The sets of the parties whose ids fall into one shard. Trivially destructible: guards may outlive static objects.
struct AcquiredSet::Registry {
    std::mutex mutex;
    AcquiredSet* first = nullptr;

    static Registry& of(PartyId party) noexcept {
        static constinit Registry shards[64];
        return shards[party % 64];
    }
};

AcquiredSet::AcquiredSet(std::vector<AnyTakeable> locks) : locks_(std::move(locks)), party_(current_party()) {
    const std::less<const void*> before;
    std::sort(locks_.begin(), locks_.end(),
              [&](const AnyTakeable& a, const AnyTakeable& b) { return before(a.identity(), b.identity()); });
    const auto end = std::unique(locks_.begin(), locks_.end(), [](const AnyTakeable& a, const AnyTakeable& b) {
        return a.identity() == b.identity();
    });
    locks_.erase(end, locks_.end());

    Registry& registry = Registry::of(party_);
    std::scoped_lock guard(registry.mutex);
    const AnyTakeable* highest = nullptr;
    for (const AcquiredSet* set = registry.first; set; set = set->next_) {
        if (set->party_ != party_ || set->locks_.empty()) continue;
        if (!highest || before(highest->identity(), set->locks_.back().identity())) highest = &set->locks_.back();
    }
    for (const AnyTakeable& lock : locks_) {
        if (highest && before(lock.identity(), highest->identity()) && !lock.taken_again())
            throw LockOrderError("hocket: acquire() at " + place(lock.where()) +
                                 " names a lock that comes before one held since " + place(highest->where()) +
                                 "; name all of them in one acquire()");
    }
    next_ = registry.first;
    if (next_) next_->previous_ = this;
    registry.first = this;
}

AcquiredSet::~AcquiredSet() {
    while (taken_ > 0) {
        try {
            locks_[--taken_].give_back();
        } catch (const std::exception& error) {
            report(ReportKind::lost_exception, error.what());  // given back by somebody else than who took it
        }
    }
    Registry& registry = Registry::of(party_);
    std::scoped_lock guard(registry.mutex);
    if (next_) next_->previous_ = previous_;
    *(previous_ ? &previous_->next_ : &registry.first) = next_;
}

void AcquiredSet::take() {
    for (; taken_ < locks_.size(); ++taken_) locks_[taken_].take();
}

Step AcquiredSet::async_take() {
    for (; taken_ < locks_.size(); ++taken_) co_await locks_[taken_].async_take();
}

}  // namespace hocket::detail
