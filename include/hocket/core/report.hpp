// Where the library says what would otherwise be lost: errors that nobody retrieved, findings of debug mode.
#pragma once
#include <functional>
#include <string_view>

namespace hocket {

/// Kinds of report, so that a hook can choose.
enum class ReportKind {
    lost_exception,     ///< a Future died with an exception that nobody looked at
    stuck_shutdown,     ///< something that should have ended keeps a scope or a loop alive
    deadlock,           ///< a circle of waits that no error could be thrown into: on taking a lock again after a wait
    blocked_loop,       ///< debug mode: a blocking call on the thread of an event loop
    accept_failed,      ///< a server cannot take in connections: no descriptor or memory left
    slow_step,          ///< debug mode: a task or callback held its event loop for long
    never_awaited,      ///< debug mode: a Task was destroyed that nobody had awaited or spawned
    lock_across_await,  ///< debug mode: a task waits while it holds a lock that it took by a blocking call
    lock_order,         ///< debug mode: two locks are taken in both orders, which may deadlock one day
};

/// Called with each report, from whichever thread made it, possibly from several at once. Must not throw.
using ReportHook = std::function<void(ReportKind kind, std::string_view text)>;

/// Replaces the hook and returns the old one; an empty hook stands for the default, which writes one line to stderr.
/// Thread-safe.
ReportHook set_report_hook(ReportHook hook);

namespace detail {
/// Hands `text` to the hook in force. Never throws.
void report(ReportKind kind, std::string_view text) noexcept;
}  // namespace detail

/// Whether HOCKET_DEBUG=1 was in the environment when the program first asked: turns on the checks that cost time.
bool debug_enabled() noexcept;

}  // namespace hocket
