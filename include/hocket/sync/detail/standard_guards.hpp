// The guards of the standard library for our locks, with one thing more: they know where they were made, so that
// reports can tell where a lock was taken. Otherwise they are what the standard says ([thread.lock]), which allows
// specialisations of its class templates for a program's own types.
#pragma once
#include <chrono>
#include <mutex>
#include <source_location>
#include <system_error>
#include <utility>

namespace hocket::detail {

/// std::lock_guard, and std::scoped_lock of one.
template <class L>
class PlacedGuard {
public:
    using mutex_type = L;
    explicit PlacedGuard(L& lock, std::source_location where = std::source_location::current()) : lock_(lock) {
        lock_.lock(where);
    }
    PlacedGuard(L& lock, std::adopt_lock_t) noexcept : lock_(lock) {}
    PlacedGuard(std::adopt_lock_t, L& lock) noexcept : lock_(lock) {}
    PlacedGuard(const PlacedGuard&) = delete;
    PlacedGuard& operator=(const PlacedGuard&) = delete;
    ~PlacedGuard() { lock_.unlock(); }

private:
    L& lock_;
};

/// std::unique_lock.
template <class L>
class PlacedUniqueLock {
    using Place = std::source_location;

public:
    using mutex_type = L;
    PlacedUniqueLock() noexcept = default;
    explicit PlacedUniqueLock(L& lock, Place where = Place::current()) : lock_(&lock) {
        lock.lock(where);
        owns_ = true;
    }
    PlacedUniqueLock(L& lock, std::defer_lock_t) noexcept : lock_(&lock) {}
    PlacedUniqueLock(L& lock, std::try_to_lock_t, Place where = Place::current())
        : lock_(&lock), owns_(lock.try_lock(where)) {}
    PlacedUniqueLock(L& lock, std::adopt_lock_t) noexcept : lock_(&lock), owns_(true) {}
    template <class Clock, class Duration>
    PlacedUniqueLock(L& lock, const std::chrono::time_point<Clock, Duration>& deadline, Place where = Place::current())
        : lock_(&lock), owns_(lock.try_lock_until(deadline, where)) {}
    template <class Rep, class Period>
    PlacedUniqueLock(L& lock, const std::chrono::duration<Rep, Period>& limit, Place where = Place::current())
        : lock_(&lock), owns_(lock.try_lock_for(limit, where)) {}
    PlacedUniqueLock(PlacedUniqueLock&& other) noexcept
        : lock_(std::exchange(other.lock_, nullptr)), owns_(std::exchange(other.owns_, false)) {}
    PlacedUniqueLock& operator=(PlacedUniqueLock&& other) {
        if (owns_) unlock();
        lock_ = std::exchange(other.lock_, nullptr);
        owns_ = std::exchange(other.owns_, false);
        return *this;
    }
    ~PlacedUniqueLock() {
        if (owns_) lock_->unlock();
    }

    void lock(Place where = Place::current()) {
        check_may_lock();
        lock_->lock(where);
        owns_ = true;
    }
    bool try_lock(Place where = Place::current()) {
        check_may_lock();
        return owns_ = lock_->try_lock(where);
    }
    template <class Rep, class Period>
    bool try_lock_for(const std::chrono::duration<Rep, Period>& limit, Place where = Place::current()) {
        check_may_lock();
        return owns_ = lock_->try_lock_for(limit, where);
    }
    template <class Clock, class Duration>
    bool try_lock_until(const std::chrono::time_point<Clock, Duration>& deadline, Place where = Place::current()) {
        check_may_lock();
        return owns_ = lock_->try_lock_until(deadline, where);
    }
    void unlock() {
        if (!owns_) throw std::system_error(std::make_error_code(std::errc::operation_not_permitted), "unique_lock");
        lock_->unlock();
        owns_ = false;
    }
    void swap(PlacedUniqueLock& other) noexcept {
        std::swap(lock_, other.lock_);
        std::swap(owns_, other.owns_);
    }
    L* release() noexcept {
        owns_ = false;
        return std::exchange(lock_, nullptr);
    }
    bool owns_lock() const noexcept { return owns_; }
    explicit operator bool() const noexcept { return owns_; }
    L* mutex() const noexcept { return lock_; }

private:
    void check_may_lock() const {
        if (!lock_) throw std::system_error(std::make_error_code(std::errc::operation_not_permitted), "unique_lock");
        if (owns_)
            throw std::system_error(std::make_error_code(std::errc::resource_deadlock_would_occur), "unique_lock");
    }
    L* lock_ = nullptr;
    bool owns_ = false;
};

/// A lock that takes the place as its functions' last argument.
template <class L>
concept TellsPlace = requires(L& lock, std::source_location where) {
    typename L::TellsPlace;
    lock.lock(where);
};

}  // namespace hocket::detail

template <hocket::detail::TellsPlace L>
class std::lock_guard<L> : public hocket::detail::PlacedGuard<L> {
public:
    using hocket::detail::PlacedGuard<L>::PlacedGuard;
};
template <hocket::detail::TellsPlace L>
class [[nodiscard]] std::scoped_lock<L> : public hocket::detail::PlacedGuard<L> {
public:
    using hocket::detail::PlacedGuard<L>::PlacedGuard;
};
template <hocket::detail::TellsPlace L>
class std::unique_lock<L> : public hocket::detail::PlacedUniqueLock<L> {
public:
    using hocket::detail::PlacedUniqueLock<L>::PlacedUniqueLock;
};
