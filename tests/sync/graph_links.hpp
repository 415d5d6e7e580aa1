// Links of the wait-for graph without anything behind them, for tests that must know what others wait for.
#pragma once
#include <sys/types.h>

#include <fstream>
#include <source_location>
#include <string>
#include <thread>

#include "hocket/core/detail/wait_graph.hpp"
#include "hocket/core/errors.hpp"

namespace hocket::test {

/// Something that a party owns.
struct Owned {
    explicit Owned(detail::PartyId owner) : owner(owner) {}
    const detail::PartyId owner;
};

/// While it lives, the current party waits for `thing`, as far as others can see. Throws DeadlockError if the owner
/// waits for what the current party has.
class Wants {
public:
    explicit Wants(const Owned& thing) { edge_.enter(waiter_, &thing, kKind, std::source_location::current()); }

private:
    static constexpr detail::OwnedKind kKind{
        [](const void* thing) noexcept { return static_cast<const Owned*>(thing)->owner; },
        [](const void*) { return std::string("something"); }};
    detail::ThreadWaiter waiter_;
    detail::WaitEdge edge_;
};

/// Returns when `party` is about to wait, without a limit, for something that has an owner. Only looks: a link of our
/// own to find the circle by could be found by the other party first, which would then get the DeadlockError.
inline void await_waiting(detail::PartyId party) {
    while (detail::describe_wait(party).empty()) std::this_thread::yield();
}

/// Returns when the thread `native_id` of this process sleeps in the kernel. After await_waiting(): when it is in the
/// queue of what it waits for, on the way to which it does not sleep.
inline void await_asleep(pid_t native_id) {
    const std::string path = "/proc/self/task/" + std::to_string(native_id) + "/stat";
    for (;;) {
        std::string fields;
        std::getline(std::ifstream(path), fields);
        const auto name_end = fields.rfind(')');  // "12 (name) S ..."
        if (name_end != std::string::npos && fields.substr(name_end + 2, 1) == "S") return;
        std::this_thread::yield();
    }
}

}  // namespace hocket::test
