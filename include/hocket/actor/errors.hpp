// The errors of actors.
#pragma once
#include <cstdint>
#include <stdexcept>
#include <string>

namespace hocket {

/// An actor has come to its end. For its own receive(): it was closed and every message has been read; let it pass, and
/// the actor ends well. For a sender: the message cannot be delivered any more. For who has asked: no answer will come.
class ActorExit : public std::runtime_error {
public:
    /// `actor`: the id of the one that ended.
    ActorExit(std::uint64_t actor, const std::string& what) : std::runtime_error(what), actor_(actor) {}
    std::uint64_t actor() const noexcept { return actor_; }

private:
    std::uint64_t actor_;
};

/// The mailbox of an actor that refuses what does not fit (Overflow::refuse) is full.
class MailboxFull : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

}  // namespace hocket
