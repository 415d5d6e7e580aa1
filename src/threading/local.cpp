#include "hocket/threading/local.hpp"

#include <mutex>
#include <unordered_map>

#include "hocket/core/detail/thread_end.hpp"

namespace hocket::detail {

class LocalValues;

// Of each thread that has a value, the value: the thread is known by the address of its LocalValues.
class LocalSlot::Shared {
public:
    std::mutex mutex;
    std::unordered_map<const LocalValues*, std::shared_ptr<void>> values;
};

// Which Locals the calling thread has values of. The pointers are looked up without a lock; a Local that has gone
// leaves an expired entry, whose weak pointer keeps the block of memory, and so the address, from being used again.
class LocalValues {
public:
    struct Entry {
        std::weak_ptr<LocalSlot::Shared> owner;
        void* value;
    };
    static LocalValues& current() { return UntilThreadEnd<LocalValues>::get(); }
    LocalValues() = default;
    LocalValues(const LocalValues&) = delete;
    LocalValues& operator=(const LocalValues&) = delete;
    void clear() noexcept {
        // A destructor may use another Local, and so add to the map.
        while (!entries_.empty()) {
            const auto owner = entries_.begin()->second.owner.lock();
            entries_.erase(entries_.begin());
            if (owner) take(*owner);
        }
    }
    void* find(const LocalSlot::Shared* slot) const noexcept {
        const auto found = entries_.find(slot);
        return found == entries_.end() ? nullptr : found->second.value;
    }
    void put(const std::shared_ptr<LocalSlot::Shared>& slot, std::shared_ptr<void> value) {
        std::erase_if(entries_, [](const auto& entry) { return entry.second.owner.expired(); });
        void* address = value.get();
        {
            std::scoped_lock guard(slot->mutex);
            slot->values[this] = std::move(value);
        }
        entries_[slot.get()] = Entry{slot, address};
    }
    void erase(LocalSlot::Shared& slot) noexcept {
        if (entries_.erase(&slot) != 0) take(slot);
    }

private:
    void take(LocalSlot::Shared& slot) noexcept {
        std::shared_ptr<void> value;  // destroyed without the lock
        std::scoped_lock guard(slot.mutex);
        const auto found = slot.values.find(this);
        if (found == slot.values.end()) return;
        value = std::move(found->second);
        slot.values.erase(found);
    }
    std::unordered_map<const LocalSlot::Shared*, Entry> entries_;
};

LocalSlot::LocalSlot()
    : shared_(std::make_shared<Shared>())  // one block: see LocalValues
{}

LocalSlot::~LocalSlot() {
    decltype(shared_->values) values;  // destroyed without the lock
    std::scoped_lock guard(shared_->mutex);
    values.swap(shared_->values);
}

void* LocalSlot::find() const noexcept { return LocalValues::current().find(shared_.get()); }

void* LocalSlot::put(std::shared_ptr<void> value) {
    void* address = value.get();
    LocalValues::current().put(shared_, std::move(value));
    return address;
}

void LocalSlot::erase() noexcept { LocalValues::current().erase(*shared_); }

}  // namespace hocket::detail
