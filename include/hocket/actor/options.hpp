// How an actor is made.
#pragma once
#include <cstddef>
#include <string>
#include <utility>

namespace hocket {

/// What send() does when a bounded mailbox is full.
enum class Overflow {
    wait,    ///< waits for room
    refuse,  ///< throws MailboxFull
};

struct ActorOptions {
    ActorOptions() = default;
    /// Shows in reports, in the task tree and as the name of its thread; empty for "Actor-<id>".
    std::string name;
    /// How many messages may wait; 0 for any number.
    std::size_t mailbox = 0;
    Overflow overflow = Overflow::wait;

    ActorOptions& with_name(std::string given) {
        name = std::move(given);
        return *this;
    }
    ActorOptions& with_mailbox(std::size_t bound, Overflow when_full = Overflow::wait) {
        mailbox = bound;
        overflow = when_full;
        return *this;
    }
};

}  // namespace hocket
