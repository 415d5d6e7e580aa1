#include "hocket/actor/exchange_registry.hpp"

#include <map>
#include <mutex>

#include "hocket/core/errors.hpp"

namespace hocket {
namespace {

struct Entry {
    const std::type_info* message = nullptr;
    std::shared_ptr<void> kept;  // null: only by those who hold it
    std::weak_ptr<void> exchange;
};

// Never destroyed: an exchange may be used by the destructors of static objects.
struct Registry {
    std::mutex mutex;
    std::map<std::string, Entry, std::less<>> entries;
};
Registry& registry() {
    static auto& made = *new Registry;
    return made;
}

// Takes away those whose exchange has gone. Under the mutex.
void shrink(Registry& all) {
    std::erase_if(all.entries, [](const auto& entry) { return entry.second.exchange.expired(); });
}

}  // namespace

std::shared_ptr<void> detail::registered_exchange(std::string_view name, const std::type_info& message, bool keep,
                                                  std::shared_ptr<void> (*make)(std::string name)) {
    Registry& all = registry();
    std::scoped_lock guard(all.mutex);
    const auto found = all.entries.find(name);
    if (found != all.entries.end()) {
        Entry& entry = found->second;
        if (auto exchange = entry.exchange.lock()) {
            if (*entry.message != message) {
                throw InvalidStateError("hocket: the exchange '" + std::string(name) +
                                        "' is for messages of another type (" + entry.message->name() + ", not " +
                                        message.name() + "); choose another name, or drop_exchange() first");
            }
            if (keep) entry.kept = exchange;
            return exchange;
        }
    }
    shrink(all);
    auto exchange = make(std::string(name));
    all.entries[std::string(name)] = Entry{&message, keep ? exchange : nullptr, exchange};
    return exchange;
}

bool drop_exchange(std::string_view name) {
    std::shared_ptr<void> dropped;  // destroyed when the mutex is free
    Registry& all = registry();
    std::scoped_lock guard(all.mutex);
    const auto found = all.entries.find(name);
    if (found == all.entries.end() || !found->second.kept) return false;
    dropped = std::move(found->second.kept);
    if (dropped.use_count() == 1) all.entries.erase(found);  // otherwise somebody holds it, by that name
    return true;
}

std::vector<std::string> exchange_names() {
    Registry& all = registry();
    std::scoped_lock guard(all.mutex);
    shrink(all);
    std::vector<std::string> names;
    for (const auto& [name, entry] : all.entries) names.push_back(name);
    return names;
}

}  // namespace hocket
