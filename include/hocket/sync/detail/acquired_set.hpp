// What acquire() holds: locks of any kind, in one order.
#pragma once
#include <concepts>
#include <ranges>
#include <source_location>
#include <type_traits>
#include <vector>

#include "hocket/core/detail/party.hpp"
#include "hocket/core/detail/step.hpp"

namespace hocket::detail {

template <class L>
concept TakesLikeLock = requires(L& lock) {
    lock.lock();
    lock.unlock();
};
template <class S>
concept TakesLikeSemaphore = requires(S& semaphore) {
    semaphore.acquire();
    semaphore.release();
};
template <class L>
concept Takeable = TakesLikeLock<L> || TakesLikeSemaphore<L>;
template <class L>
concept AsyncTakeable = Takeable<L> &&(
    requires(L& lock, std::source_location where) { lock.async_lock(where); } ||
    requires(L & l) { l.async_acquire(); });

/// How to take a kind of lock and give it back.
struct TakeableKind {
    void (*take)(void*, std::source_location);
    Step (*async_take)(void*, std::source_location);  // null for a kind without
    void (*give_back)(void*);
    bool (*taken_again)(void*);  // whether the caller has it and may take it once more
    const void* (*identity)(const void*);
};

template <class L>
class TakeableKindOf {
    static L& get(void* lock) noexcept { return *static_cast<L*>(lock); }
    static void take(void* lock, std::source_location where) {
        if constexpr (requires { get(lock).lock(where); }) {
            get(lock).lock(where);
        } else if constexpr (TakesLikeLock<L>) {
            get(lock).lock();
        } else {
            get(lock).acquire();
        }
    }
    static Step async_take(void* lock, std::source_location where) requires AsyncTakeable<L> {
        if constexpr (TakesLikeLock<L>) {
            auto guard = co_await get(lock).async_lock(where);
            guard.release();
        } else {
            co_await get(lock).async_acquire();
        }
    }
    static void give_back(void* lock) {
        if constexpr (TakesLikeLock<L>) {
            get(lock).unlock();
        } else {
            get(lock).release();
        }
    }
    static bool taken_again(void* lock) {
        if constexpr (requires { get(lock).may_take_again(); }) {
            return get(lock).may_take_again();
        } else {
            return false;
        }
    }
    // Two objects may be one lock.
    static const void* identity(const void* lock) noexcept {
        if constexpr (requires { identity_of(*static_cast<const L*>(lock)); }) {
            return identity_of(*static_cast<const L*>(lock));
        } else {
            return lock;
        }
    }
    static constexpr auto async_form() {
        if constexpr (AsyncTakeable<L>) {
            return &async_take;
        } else {
            return nullptr;
        }
    }

public:
    static constexpr TakeableKind kKind{&take, async_form(), &give_back, &taken_again, &identity};
};

/// Any lock, and the place of the call that names it.
class AnyTakeable {
public:
    template <Takeable L>
    AnyTakeable(L& lock, std::source_location where = std::source_location::current()) noexcept
        : lock_(&lock), kind_(&TakeableKindOf<L>::kKind), where_(where) {}
    const void* identity() const noexcept { return kind_->identity(lock_); }
    std::source_location where() const noexcept { return where_; }
    void take() const { kind_->take(lock_, where_); }
    Step async_take() const { return kind_->async_take(lock_, where_); }
    void give_back() const { kind_->give_back(lock_); }
    bool taken_again() const { return kind_->taken_again(lock_); }

private:
    void* lock_;
    const TakeableKind* kind_;
    std::source_location where_;
};
/// One that a task can wait for.
class AnyAsyncTakeable : public AnyTakeable {
public:
    template <AsyncTakeable L>
    AnyAsyncTakeable(L& lock, std::source_location where = std::source_location::current()) noexcept
        : AnyTakeable(lock, where) {}
};

/// The kind of the locks in a range, or behind its pointers.
template <std::ranges::input_range Range>
using LockIn = std::remove_pointer_t<std::remove_reference_t<std::ranges::range_reference_t<Range>>>;
template <class Range>
concept TakeableRange = std::ranges::input_range<Range> && Takeable<LockIn<Range>> &&
    (std::is_lvalue_reference_v<std::ranges::range_reference_t<Range>> ||
     std::is_pointer_v<std::ranges::range_value_t<Range>>);

template <TakeableRange Range>
std::vector<AnyTakeable> takeables(Range&& locks, std::source_location where) {
    std::vector<AnyTakeable> all;
    for (auto&& lock : locks) {
        if constexpr (std::is_pointer_v<std::remove_reference_t<decltype(lock)>>) {
            all.emplace_back(*lock, where);
        } else {
            all.emplace_back(lock, where);
        }
    }
    return all;
}

/// Locks that one party takes, in the order of their identities, which are addresses, each once. Gives back what it has
/// taken when it is destroyed. Its party's sets know of each other, which is how a broken order is noticed.
class AcquiredSet {
public:
    /// Nothing is taken yet. Throws LockOrderError if one comes before what the current party holds by another set.
    explicit AcquiredSet(std::vector<AnyTakeable> locks);
    AcquiredSet(const AcquiredSet&) = delete;
    AcquiredSet& operator=(const AcquiredSet&) = delete;
    ~AcquiredSet();
    void take();
    Step async_take();

private:
    struct Registry;
    std::vector<AnyTakeable> locks_;
    std::size_t taken_ = 0;
    const PartyId party_;
    AcquiredSet* next_ = nullptr;
    AcquiredSet* previous_ = nullptr;
};

}  // namespace hocket::detail
