#include <utility>

#include "hocket/actor/actor.hpp"
#include "hocket/core/detail/party.hpp"

namespace hocket {
namespace detail {
namespace {

// Tells an actor of the end of another that it monitors.
class Monitor final : public EndObserver {
public:
    Monitor(std::uint64_t id, StateRef<ActorCore> watcher) noexcept : EndObserver(id), watcher_(std::move(watcher)) {}
    bool actor_ended(const Down& down) noexcept override {
        Down told = down;
        told.monitor = id;
        return watcher_->tell(told);
    }
    bool obsolete() const noexcept override { return watcher_->ended(); }

private:
    StateRef<ActorCore> watcher_;
};

// One half of a link: what the end of one actor does to the other. The other half has the same id.
class Link final : public EndObserver {
public:
    Link(std::uint64_t id, StateRef<ActorCore> other) noexcept : EndObserver(id), other_(std::move(other)) {}
    const ActorCore* linked_to() const noexcept override { return &*other_; }
    bool actor_ended(const Down& down) noexcept override {
        (void)other_->forget(id);
        if (other_->traps_exits()) return other_->tell(down);
        if (down.kind == ExitKind::finished || other_->ended()) return false;
        try {
            const std::string why = "actor '" + down.name + "', to which it is linked, " +
                                    (down.kind == ExitKind::failed ? "failed" : "was stopped") +
                                    (down.reason.empty() ? "" : ": " + down.reason);
            other_->stop(why, false, std::make_exception_ptr(ActorExit(down.actor, why)));
        } catch (...) {
            other_->stop("an actor to which it is linked did not finish", false, std::current_exception());
        }
        return false;
    }

private:
    StateRef<ActorCore> other_;
};

}  // namespace

std::uint64_t monitor(ActorCore& target, StateRef<ActorCore> watcher) {
    const std::uint64_t id = number_of(next_party_id());
    target.observe(std::make_unique<Monitor>(id, std::move(watcher)));
    return id;
}

}  // namespace detail

void AnyActor::throw_nothing() { throw InvalidStateError("hocket: this is a reference to no actor"); }

void AnyActor::link(const AnyActor& other) const {
    if (*this == other) throw InvalidStateError("hocket: actor '" + name() + "' cannot be linked to itself");
    detail::ActorCore& here = core();
    detail::ActorCore& there = other.core();  // both are actors, before one of them is changed
    const std::uint64_t id = detail::number_of(detail::next_party_id());
    here.observe(std::make_unique<detail::Link>(id, other.core_));
    there.observe(std::make_unique<detail::Link>(id, core_));
    // One that ended in between could not take the other half away.
    if (ended()) (void)there.forget(id);
}

void AnyActor::unlink(const AnyActor& other) const {
    core().forget_links_to(other.core());
    other.core().forget_links_to(core());
}

}  // namespace hocket
