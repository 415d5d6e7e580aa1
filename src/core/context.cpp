#include "hocket/core/detail/context.hpp"

#include <algorithm>
#include <vector>

#include "hocket/core/detail/scheduler.hpp"
#include "hocket/core/detail/task_context.hpp"
#include "hocket/core/detail/thread_end.hpp"

namespace hocket::detail {

// A few variables at most are set in one context, so that a vector is searched and copied quickly.
struct ContextMap {
    struct Entry {
        std::uint64_t key;
        std::shared_ptr<const void> value;
    };
    std::vector<Entry> entries;
    mutable std::atomic<std::uint32_t> references{1};
};

namespace {

// The context of a thread outside of tasks.
struct ThreadContext {
    ContextRef context;
    void clear() noexcept {
        while (context.get()) context = ContextRef();  // the destructor of a value may set another
    }
};
ContextRef& thread_context() noexcept { return UntilThreadEnd<ThreadContext>::get().context; }

}  // namespace

void ContextRef::add_reference(const ContextMap& map) noexcept {
    map.references.fetch_add(1, std::memory_order_relaxed);
}

void ContextRef::drop_reference(const ContextMap& map) noexcept {
    // acquire-release: the last one destroys what all others have read.
    if (map.references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete &map;
}

ContextRef& current_context() noexcept {
    if (const Scheduler* scheduler = Scheduler::current()) {
        if (TaskContext* task = scheduler->current_task()) return task->context();
    }
    return thread_context();
}

EnterContext::EnterContext(ContextRef context) noexcept : before_(std::move(thread_context())) {
    thread_context() = std::move(context);
}

EnterContext::~EnterContext() { thread_context() = std::move(before_); }

std::uint64_t next_context_key() noexcept {
    static std::atomic<std::uint64_t> last{0};
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

std::shared_ptr<const void> context_value(std::uint64_t key) noexcept {
    const ContextMap* map = current_context().get();
    if (!map) return nullptr;
    for (const ContextMap::Entry& entry : map->entries) {
        if (entry.key == key) return entry.value;
    }
    return nullptr;
}

std::shared_ptr<const void> exchange_context_value(std::uint64_t key, std::shared_ptr<const void> value) {
    ContextRef& current = current_context();
    auto next = std::make_unique<ContextMap>();
    if (current.get()) next->entries = current.get()->entries;
    std::shared_ptr<const void> before;
    auto found = std::find_if(next->entries.begin(), next->entries.end(),
                              [key](const ContextMap::Entry& entry) { return entry.key == key; });
    if (found != next->entries.end()) {
        before = std::move(found->value);
        next->entries.erase(found);
    }
    if (value) next->entries.push_back({key, std::move(value)});
    current = next->entries.empty() ? ContextRef() : ContextRef(next.release());
    return before;
}

}  // namespace hocket::detail
