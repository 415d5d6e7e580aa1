// Actors by name.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "hocket/actor/actor_ref.hpp"

namespace hocket {

/// Makes the actor known by that name until it ends. Any thread. Throws InvalidStateError if the name belongs to
/// another actor that has not ended, or if this one has.
void register_actor(std::string_view name, const AnyActor& actor);
/// False if nobody had the name.
bool unregister_actor(std::string_view name);
/// The actor of that name; a reference to nothing if there is none.
AnyActor find_actor(std::string_view name);
/// The same for an actor with messages of type M. Throws InvalidStateError if its messages are of another type.
template <class M>
ActorRef<M> find_actor(std::string_view name) {
    const AnyActor found = find_actor(name);
    ActorRef<M> actor = actor_cast<M>(found);
    if (found && !actor)
        throw InvalidStateError("hocket: actor '" + std::string(name) + "' takes messages of another type");
    return actor;
}
/// The names in use, in alphabetical order.
std::vector<std::string> actor_names();

}  // namespace hocket
