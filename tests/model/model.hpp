// A small model checker: runs the threads of a test one at a time and switches between them before each atomic
// operation, so that every interleaving (up to a number of preemptions) is tried, not only those that a machine happens
// to produce. The idea is that of CHESS (Musuvathi and Qadeer 2007), loom and Relacy.
//
// It assumes sequential consistency: a memory order that is too weak goes unnoticed here, and is ThreadSanitizer's
// business. Spurious failures of compare_exchange_weak are not modelled.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace hocket::model {

/// A place where another thread may run, before an operation on `address`. Outside of explore() it does nothing.
void step(const void* address);
/// The word at `address` has got another value.
void changed(const void* address);
/// A turn of a spin loop: the thread can do nothing before what it looked at last has changed.
void spin();
/// False in one schedule and true in another.
bool either();
/// Sleeps while the word at `address` is `value`, as far as `still` says so.
void sleep_on(const void* address, const std::function<bool()>& still);
/// Wakes one thread that sleeps on `address`.
void wake_at(const void* address);
/// What the code under test keeps in thread-local variables: swapped when threads are.
struct ThreadLocals {
    std::function<void*(std::size_t)> take;         // the value of variable i, of the thread that leaves
    std::function<void(std::size_t, void*)> place;  // puts it back for the thread that comes
    std::size_t count = 0;
};

struct Options {
    int preemptions = 2;  ///< switches away from a thread that could go on
    std::size_t most_schedules = 2'000'000;
    ThreadLocals locals = {};
};

struct Result {
    std::size_t schedules = 0;
    bool complete = false;  ///< every schedule was run, none left out for most_schedules
    std::string failure;    ///< empty, or what went wrong in the last one
};

/// One run: the bodies of its threads, and what must hold when all have ended (empty string) or what does not.
struct Run {
    std::vector<std::function<void()>> threads;
    std::function<std::string()> check;
};

/// Runs `make()` under one schedule after another, until one fails (check(), a deadlock, a livelock) or all are done.
Result explore(const std::function<Run()>& make, const Options& options = Options());

/// std::atomic for threads of explore(), which run one at a time.
template <class T>
class Atomic {
public:
    constexpr Atomic() noexcept = default;
    constexpr Atomic(T value) noexcept : value_(value) {}
    Atomic(const Atomic&) = delete;
    Atomic& operator=(const Atomic&) = delete;

    template <class... Order>
    T load(Order...) const noexcept {
        step(this);
        return value_;
    }
    template <class... Order>
    void store(T value, Order...) noexcept {
        (void)replace([value](T) { return value; });
    }
    template <class... Order>
    T exchange(T value, Order...) noexcept {
        return replace([value](T) { return value; });
    }
    template <class... Order>
    bool compare_exchange_strong(T& expected, T value, Order...) noexcept {
        const T wanted = expected;
        expected = replace([wanted, value](T before) { return before == wanted ? value : before; });
        return expected == wanted;
    }
    template <class... Order>
    bool compare_exchange_weak(T& expected, T value, Order...) noexcept {
        return compare_exchange_strong(expected, value);
    }
    template <class... Order>
    T fetch_or(T value, Order...) noexcept {
        return replace([value](T before) { return static_cast<T>(before | value); });
    }
    template <class... Order>
    T fetch_and(T value, Order...) noexcept {
        return replace([value](T before) { return static_cast<T>(before & value); });
    }
    template <class... Order>
    T fetch_add(T value, Order...) noexcept {
        return replace([value](T before) { return static_cast<T>(before + value); });
    }
    template <class... Order>
    T fetch_sub(T value, Order...) noexcept {
        return replace([value](T before) { return static_cast<T>(before - value); });
    }
    /// The value without a step: for checks.
    T peek() const noexcept { return value_; }

private:
    template <class Next>
    T replace(Next next) noexcept {
        step(this);
        const T before = std::exchange(value_, next(value_));
        if (before != value_) changed(this);
        return before;
    }
    T value_{};
};

}  // namespace hocket::model
