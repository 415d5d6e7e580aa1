#include "aio/step_watch.hpp"

#include "hocket/core/detail/task_context.hpp"
#include "hocket/core/detail/wait_graph.hpp"
#include "hocket/core/report.hpp"
#include "hocket/sync/detail/lock_order.hpp"

namespace hocket::detail {
namespace {

const PromiseBase* promise_of(const RunNode& node) noexcept {
    const auto* suspension = dynamic_cast<const Suspension*>(&node);
    return suspension ? suspension->promise() : nullptr;
}

// Before the step, since the task may end in it.
std::string description(const RunNode& node) {
    const PromiseBase* promise = promise_of(node);
    if (!promise) return "a callback";
    const TaskContext& task = *promise->task();
    std::string text = "task '" + task.name() + "' (spawned at " + place(task.spawned_at()) + ")";
    if (promise->awaiting_at().line() == 0) return text + ", in its first step,";
    text += ", after its await at " + place(promise->awaiting_at());
    for (promise = promise->awaited_by(); promise; promise = promise->awaited_by())
        text += ", inside of that at " + place(promise->awaiting_at());
    return text + ",";
}

}  // namespace

StepWatch::StepWatch(const RunNode& node) : who_(description(node)), begun_(std::chrono::steady_clock::now()) {
    if (const PromiseBase* promise = promise_of(node)) {
        const TaskContext* task = promise->task();
        party_ = task->party();
        name_ = "task '" + task->name() + "'";
    }
}

StepWatch::~StepWatch() {
    if (party_ != 0) LockOrder::step_ended(party_, name_);
    const auto took = std::chrono::steady_clock::now() - begun_;
    if (took < kSlow) return;
    try {
        report(ReportKind::slow_step,
               who_ + " held its event loop for " +
                   std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(took).count()) +
                   " ms, in which nothing else could run on it; have long work done by to_thread(), or break it up "
                   "with yield_now()");
    } catch (const std::exception&) {
        report(ReportKind::slow_step, "a step held its event loop for long");
    }
}

}  // namespace hocket::detail
