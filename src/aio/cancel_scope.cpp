#include "hocket/aio/cancel_scope.hpp"

#include "running_task.hpp"

namespace hocket {

CancelScope::CancelScope(bool is_shielded)
    : task_(detail::running_task("hocket: a CancelScope can only be opened inside a task")),
      outer_(&task_.scope()),
      node_(*outer_, &task_, is_shielded) {
    task_.set_scope(node_);
}

CancelScope::~CancelScope() {
    task_.home().timers().cancel(*this);
    task_.set_scope(*outer_);
}

void CancelScope::set_deadline(TimePoint deadline) {
    deadline_ = deadline;
    node_.set_timed(deadline != kNever);
    if (deadline < armed_for_) arm(deadline);
}

void CancelScope::arm(TimePoint deadline) {
    task_.home().timers().cancel(*this);
    armed_for_ = kNever;
    task_.home().timers().arm(*this, deadline);
    armed_for_ = deadline;
}

void CancelScope::expired() noexcept {
    armed_for_ = kNever;
    if (deadline_ == kNever || node_.cancelled()) return;
    // Moved back meanwhile. Needs no memory: the heap has just given up the place.
    if (task_.home().now() < deadline_) return arm(deadline_);
    timed_out_ = true;
    node_.cancel("the time limit ran out");
}

}  // namespace hocket
