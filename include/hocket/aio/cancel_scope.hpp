// CancelScope: a stretch of a task that can be cancelled, or given a deadline, on its own.
#pragma once
#include <string_view>

#include "hocket/core/clock.hpp"
#include "hocket/core/detail/cancel_note.hpp"
#include "hocket/core/detail/scheduler.hpp"
#include "hocket/core/detail/task_context.hpp"

namespace hocket {

struct Shielded {
    explicit Shielded() = default;
};
/// Opens a scope that the cancellation of the scopes around it does not reach.
inline constexpr Shielded shielded{};

/// A local variable of a coroutine: from its construction to its destruction the task is inside it. Once it is
/// cancelled, or its deadline has passed, every wait inside it throws CancelledError until it is left; so does every
/// wait inside a scope around it that is cancelled, unless it is shielded. Scopes are left in the reverse order of
/// entering.
///
/// Belongs to its task's loop; not thread-safe. Throws InvalidStateError when constructed outside of a task.
class CancelScope final : private detail::Timer {
public:
    CancelScope() : CancelScope(false) {}
    explicit CancelScope(Shielded) : CancelScope(true) {}
    CancelScope(const CancelScope&) = delete;
    CancelScope& operator=(const CancelScope&) = delete;
    ~CancelScope();

    /// Cancels all that waits inside, now and later.
    void cancel(std::string_view reason = {}) noexcept { node_.cancel(detail::CancelNote(reason)); }
    /// Cancels the scope at `deadline` on the loop's clock (kNever: not at all). May be called again and again, which
    /// is cheap: moving the deadline back costs one store, since the timer looks at it only when it fires. Throws
    /// std::bad_alloc, leaving no deadline.
    void set_deadline(TimePoint deadline);

    /// Whether this scope, not one around it, was cancelled or ran out of time.
    bool cancelled() const noexcept { return node_.cancelled(); }
    /// Whether it was the deadline that cancelled it.
    bool timed_out() const noexcept { return timed_out_; }
    /// Whether a CancelledError that reaches the end of this scope is its own affair: it was cancelled, and those
    /// around it were not.
    bool owns_cancellation() const noexcept { return node_.cancelled() && !node_.parent()->effectively_cancelled(); }

private:
    explicit CancelScope(bool is_shielded);
    void expired() noexcept override;
    void arm(TimePoint deadline);

    detail::TaskContext& task_;
    detail::ScopeNode* outer_;
    detail::ScopeNode node_;
    TimePoint deadline_ = kNever;
    TimePoint armed_for_ = kNever;
    bool timed_out_ = false;
};

}  // namespace hocket
