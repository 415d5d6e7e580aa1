// Who holds which locks, in debug mode: who takes two in both orders may deadlock one day, and a task that holds one
// which others block for may stop their loop.
#pragma once
#include <source_location>
#include <string_view>

#include "hocket/core/detail/party.hpp"

namespace hocket::detail {

class LockCore;

/// The order in which each two locks were ever taken, and who holds which. Thread-safe. It costs time and memory, which
/// is why a lock asks for it in debug mode only.
///
/// An order is noted, and compared with what was noted before, when a party is about to wait for a lock, or could have
/// had to, while it holds others. try_lock() notes none, since it never waits: that is how one backs off.
class LockOrder {
public:
    /// `party` is about to take `lock` at `where`. Reports (ReportKind::lock_order) each lock that it holds and that
    /// was once taken while `lock` was held; once for each pair.
    static void about_to_take(PartyId party, const LockCore& lock, std::source_location where) noexcept;
    static void taken(PartyId party, const LockCore& lock, std::source_location where) noexcept;
    /// It was by `co_await`: tasks may hold it while they wait.
    static void was_awaited(PartyId party, const LockCore& lock) noexcept;
    /// After a step of a task: reports (ReportKind::lock_across_await) each lock that it holds and took by a blocking
    /// call; once for each taking. `who`: the task in words.
    static void step_ended(PartyId party, std::string_view who) noexcept;
    static void given_back(PartyId party, const LockCore& lock) noexcept;
    /// The lock is being destroyed: its address may become that of another.
    static void forget(const LockCore& lock) noexcept;
};

}  // namespace hocket::detail
