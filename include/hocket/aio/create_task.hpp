// Spawning: tasks that run beside the one that made them.
#pragma once
#include <source_location>
#include <string_view>

#include "hocket/aio/event_loop.hpp"

namespace hocket {

/// Runs `task` beside the caller on this thread's event loop, from its next turn on, and returns the Future of its
/// result. The task lives on when the Future is dropped, until run() ends, which cancels it; the error of a task whose
/// result nobody retrieves is reported. Prefer task_group() or gather(), whose tasks end with their scope. Throws
/// InvalidStateError outside of a loop. `name` shows in reports and in all_tasks().
template <class T>
Future<T> create_task(Task<T> task, std::string_view name = {},
                      std::source_location where = std::source_location::current()) {
    EventLoop& loop = EventLoop::current();
    return detail::future_of(detail::spawn(std::move(task), loop, {loop.root_scope(), nullptr, name, where}));
}

/// Runs an event loop on this thread until `task` has ended, then cancels the tasks that are left and waits for their
/// ends; returns the result of `task` or throws its exception. Throws InvalidStateError on a thread that runs a loop.
/// Cancellation of the thread, or of the job that calls this, cancels `task`.
template <class T>
T run(Task<T> task, LoopOptions options = LoopOptions(), std::source_location where = std::source_location::current()) {
    EventLoop loop(options);
    return loop.run_until_complete(std::move(task), "main", where);
}

}  // namespace hocket
