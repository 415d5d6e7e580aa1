#include "hocket/actor/actor_registry.hpp"

#include <map>
#include <mutex>

#include "hocket/core/detail/party.hpp"

namespace hocket {
namespace {

struct Entry {
    AnyActor actor;
    std::uint64_t observer = 0;
};

// Never destroyed: actors may end after static objects.
struct Registry {
    std::mutex mutex;
    std::map<std::string, Entry, std::less<>> entries;

    // The entry of `name`, if it is the one that has this observer (0: any).
    Entry take(std::string_view name, std::uint64_t observer) {
        std::scoped_lock guard(mutex);
        const auto found = entries.find(name);
        if (found == entries.end() || (observer != 0 && found->second.observer != observer)) return Entry();
        Entry taken = std::move(found->second);
        entries.erase(found);
        return taken;
    }
};
Registry& registry() {
    static auto& made = *new Registry;
    return made;
}

class Unregister final : public detail::EndObserver {
public:
    Unregister(std::uint64_t id, std::string name) : EndObserver(id), name_(std::move(name)) {}
    bool actor_ended(const Down&) noexcept override {
        (void)registry().take(name_, id);
        return false;
    }

private:
    const std::string name_;
};

}  // namespace

void register_actor(std::string_view name, const AnyActor& actor) {
    detail::ActorCore& core = detail::ActorAccess::core(actor);  // not a reference to nothing
    const std::uint64_t id = detail::number_of(detail::next_party_id());
    auto observer = std::make_unique<Unregister>(id, std::string(name));
    Registry& all = registry();
    AnyActor before;  // let go when the mutex is free
    {
        std::scoped_lock guard(all.mutex);
        Entry& entry = all.entries[std::string(name)];
        if (entry.actor && !entry.actor.ended()) {
            throw InvalidStateError("hocket: the name '" + std::string(name) + "' belongs to another actor; " +
                                    "unregister_actor() it first");
        }
        before = std::exchange(entry.actor, actor);
        entry.observer = id;
    }
    core.observe(std::move(observer));  // at once if it has ended
    if (actor.ended())
        throw InvalidStateError("hocket: actor '" + actor.name() + "' has ended and cannot be registered as '" +
                                std::string(name) + "'");
}

bool unregister_actor(std::string_view name) {
    const Entry taken = registry().take(name, 0);
    if (!taken.actor) return false;
    (void)detail::ActorAccess::core(taken.actor).forget(taken.observer);
    return true;
}

AnyActor find_actor(std::string_view name) {
    Registry& all = registry();
    std::scoped_lock guard(all.mutex);
    const auto found = all.entries.find(name);
    return found == all.entries.end() ? AnyActor() : found->second.actor;
}

std::vector<std::string> actor_names() {
    Registry& all = registry();
    std::scoped_lock guard(all.mutex);
    std::vector<std::string> names;
    for (const auto& [name, entry] : all.entries) names.push_back(name);
    return names;
}

}  // namespace hocket
