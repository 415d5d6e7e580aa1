#include "permit_book.hpp"

#include <algorithm>

namespace hocket::detail {

std::int64_t PermitBook::taken() noexcept {
    std::int64_t sum = nobodys_.taken;
    for (const Entry& entry : entries()) sum += entry.taken;
    // Somebody has died whose permits another one had given back: they must not count twice.
    for (Entry& entry : entries()) {
        if (sum >= 0) break;
        const std::int64_t surplus = std::min(-sum, std::max<std::int64_t>(-entry.taken, 0));
        entry.taken += surplus;
        sum += surplus;
    }
    return std::max<std::int64_t>(sum, 0);
}

PermitBook::Entry& PermitBook::mine() noexcept {
    const ProcessIdentity me = current_process();
    Entry* unused = nullptr;
    for (Entry& entry : entries()) {
        if (entry.owner == me) return entry;
        if (!unused && entry.taken == 0) unused = &entry;
    }
    if (!unused && used_ < kEntries) unused = &entries_[used_++];
    if (!unused) return nobodys_;
    unused->owner = me;
    return *unused;
}

void PermitBook::recover() noexcept {
    for (Entry& entry : entries()) {
        if (entry.taken <= 0 || !has_ended(entry.owner)) continue;
        recovered_.fetch_add(static_cast<std::uint32_t>(entry.taken), std::memory_order_relaxed);
        entry.taken = 0;
    }
}

bool PermitBook::try_take() {
    RobustGuard guard(lock_);
    if (taken() >= most_) {
        recover();
        if (taken() >= most_) return false;
    }
    ++mine().taken;
    return true;
}

bool PermitBook::give_back(std::uint32_t permits) {
    RobustGuard guard(lock_);
    if (permits > taken()) return false;
    mine().taken -= permits;
    return true;
}

std::uint32_t PermitBook::free() {
    RobustGuard guard(lock_);
    return most_ - static_cast<std::uint32_t>(taken());
}

}  // namespace hocket::detail
