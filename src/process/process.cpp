#include "hocket/process/process.hpp"

#include <signal.h>

#include <atomic>

#include "hocket/core/errors.hpp"
#include "hocket/threading/cancel_shield.hpp"

namespace hocket {

void Process::start(detail::ProcessSetup setup) {
    static std::atomic<unsigned> started{0};
    const unsigned number = started.fetch_add(1, std::memory_order_relaxed) + 1;
    if (setup.name.empty()) setup.name = "process-" + std::to_string(number);
    state_ = detail::start_process(std::move(setup), {});
}

Process::~Process() {
    if (!is_alive()) return;
    const CancelShield shield;
    const auto where = std::source_location::current();
    try {
        terminate();
        if (state_->block_until(detail::deadline_after(grace_), where)) return;
        kill();
        (void)state_->block_until(kNever, where);
    } catch (const std::exception&) {  // not allowed to: it is somebody else's process now, who has its own end
    }
}

void Process::terminate() const { send_signal(SIGTERM); }

void Process::kill() const { send_signal(SIGKILL); }

void Process::throw_no_process() { throw InvalidStateError("hocket: this Process is a handle to nothing"); }

}  // namespace hocket
