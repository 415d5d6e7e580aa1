// Context: the values of all context variables, which tasks, threads and jobs inherit from whoever starts them.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

namespace hocket::detail {

/// An immutable map from context variables to their values; null stands for the empty one.
struct ContextMap;

/// A counted reference to a map: what is copied when a context is inherited. Costs a test where no context variable was
/// ever set.
class ContextRef {
public:
    ContextRef() noexcept = default;
    /// Takes over one reference.
    explicit ContextRef(const ContextMap* map) noexcept : map_(map) {}
    ContextRef(const ContextRef& other) noexcept : map_(other.map_) {
        if (map_) add_reference(*map_);
    }
    ContextRef(ContextRef&& other) noexcept : map_(std::exchange(other.map_, nullptr)) {}
    ContextRef& operator=(ContextRef other) noexcept {
        std::swap(map_, other.map_);
        return *this;
    }
    ~ContextRef() {
        if (map_) drop_reference(*map_);
    }
    const ContextMap* get() const noexcept { return map_; }

private:
    static void add_reference(const ContextMap& map) noexcept;
    static void drop_reference(const ContextMap& map) noexcept;
    const ContextMap* map_ = nullptr;
};

/// The context that the calling code runs in: that of the running task, else that of the thread or job.
ContextRef& current_context() noexcept;

/// Runs the calling thread in `context` for a scope: a worker that runs a job which inherited it. The scope may change
/// its own copy.
class EnterContext {
public:
    explicit EnterContext(ContextRef context) noexcept;
    EnterContext(const EnterContext&) = delete;
    EnterContext& operator=(const EnterContext&) = delete;
    ~EnterContext();

private:
    ContextRef before_;
};

/// Unique in this process: the key of a context variable.
std::uint64_t next_context_key() noexcept;
/// The value for `key` in the current context; null when there is none.
std::shared_ptr<const void> context_value(std::uint64_t key) noexcept;
/// Sets the value for `key` in the current context, takes it out if `value` is null; returns the one before.
std::shared_ptr<const void> exchange_context_value(std::uint64_t key, std::shared_ptr<const void> value);

}  // namespace hocket::detail
