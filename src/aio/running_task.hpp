// The task that runs on this thread.
#pragma once
#include "hocket/core/detail/scheduler.hpp"
#include "hocket/core/detail/task_context.hpp"
#include "hocket/core/errors.hpp"

namespace hocket::detail {

/// Throws InvalidStateError(`outside`) outside of tasks.
inline TaskContext& running_task(const char* outside) {
    Scheduler* scheduler = Scheduler::current();
    if (!scheduler || !scheduler->current_task()) throw InvalidStateError(outside);
    return *scheduler->current_task();
}

}  // namespace hocket::detail
