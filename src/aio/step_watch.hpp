// Debug mode: who holds an event loop for long, and who waits with a lock in his hands.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>

#include "hocket/core/detail/run_queue.hpp"

namespace hocket::detail {

/// Measures one step of a loop, and reports it (ReportKind::slow_step) if it takes longer than kSlow. Reports the locks
/// that the task holds at its end and should not (ReportKind::lock_across_await).
class StepWatch {
public:
    static constexpr std::chrono::milliseconds kSlow{100};
    /// `node` is going to be run.
    explicit StepWatch(const RunNode& node);
    StepWatch(const StepWatch&) = delete;
    StepWatch& operator=(const StepWatch&) = delete;
    /// It has been.
    ~StepWatch();

private:
    std::uint64_t party_ = 0;  // the task; 0 for a callback
    std::string name_;
    std::string who_;
    std::chrono::steady_clock::time_point begun_;
};

}  // namespace hocket::detail
