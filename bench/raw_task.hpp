// The least that coroutine tasks can cost: frames from a free list, a handle as the unit of work, one thread, and none
// of cancellation, errors, names and sites.
#pragma once
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <utility>
#include <vector>

namespace raw {

/// Frames by size, kept for reuse by this thread.
class Frames {
public:
    static void* allocate(std::size_t size) {
        Block*& list = lists[(size + 15) / 16];
        if (!list) return std::malloc((size + 15) / 16 * 16);
        return std::exchange(list, list->next);
    }
    static void deallocate(void* memory, std::size_t size) noexcept {
        auto* block = static_cast<Block*>(memory);
        Block*& list = lists[(size + 15) / 16];
        block->next = std::exchange(list, block);
    }

private:
    struct Block {
        Block* next;
    };
    static inline thread_local constinit Block* lists[64] = {};
};

struct PromiseBase {
    static void* operator new(std::size_t size) { return Frames::allocate(size); }
    static void operator delete(void* memory, std::size_t size) noexcept { Frames::deallocate(memory, size); }
};

/// A coroutine that is awaited once and gives a number.
class Task {
public:
    struct promise_type : PromiseBase {
        struct Final {
            bool await_ready() const noexcept { return false; }
            std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> ended) const noexcept {
                return ended.promise().parent;
            }
            void await_resume() const noexcept {}
        };
        Task get_return_object() { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
        std::suspend_always initial_suspend() const noexcept { return {}; }
        Final final_suspend() const noexcept { return {}; }
        void return_value(std::uint64_t result) noexcept { value = result; }
        void unhandled_exception() noexcept { std::abort(); }
        std::coroutine_handle<> parent = std::noop_coroutine();
        std::uint64_t value = 0;
    };
    struct Awaiter {
        bool await_ready() const noexcept { return false; }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller) const noexcept {
            child.promise().parent = caller;
            return child;
        }
        std::uint64_t await_resume() const noexcept { return child.promise().value; }
        std::coroutine_handle<promise_type> child;
    };

    Task(Task&& other) noexcept : coroutine_(std::exchange(other.coroutine_, {})) {}
    ~Task() {
        if (coroutine_) coroutine_.destroy();
    }
    Awaiter operator co_await() && { return Awaiter{coroutine_}; }
    void start() { coroutine_.resume(); }

private:
    explicit Task(std::coroutine_handle<promise_type> coroutine) : coroutine_(coroutine) {}
    std::coroutine_handle<promise_type> coroutine_;
};

/// First in, first out, in a ring that grows.
class Ring {
public:
    bool empty() const noexcept { return first_ == end_; }
    void push(std::coroutine_handle<> handle) {
        if (end_ - first_ == slots_.size()) grow();
        slots_[end_++ & (slots_.size() - 1)] = handle;
    }
    void run() {
        while (!empty()) slots_[first_++ & (slots_.size() - 1)].resume();
    }

private:
    void grow() {
        std::vector<std::coroutine_handle<>> larger(slots_.size() * 2);
        for (std::size_t i = first_; i != end_; ++i) larger[i & (larger.size() - 1)] = slots_[i & (slots_.size() - 1)];
        slots_.swap(larger);
    }
    std::vector<std::coroutine_handle<>> slots_ = std::vector<std::coroutine_handle<>>(1024);
    std::size_t first_ = 0;
    std::size_t end_ = 0;
};

/// A coroutine of its own: starts when the ring comes to it and frees itself at its end.
class Job {
public:
    struct promise_type : PromiseBase {
        struct Start {
            bool await_ready() const noexcept { return false; }
            void await_suspend(std::coroutine_handle<> job) const { ring.push(job); }
            void await_resume() const noexcept {}
            Ring& ring;
        };
        template <class... Others>
        explicit promise_type(Ring& home, Others&&...) : ring(home) {}
        Job get_return_object() noexcept { return {}; }
        Start initial_suspend() const noexcept { return {ring}; }
        std::suspend_never final_suspend() const noexcept { return {}; }
        void return_void() noexcept {}
        void unhandled_exception() noexcept { std::abort(); }
        Ring& ring;
    };
};

/// `co_await Yield(ring)`: to the end of the ring.
class Yield {
public:
    explicit Yield(Ring& ring) noexcept : ring_(ring) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> job) const { ring_.push(job); }
    void await_resume() const noexcept {}

private:
    Ring& ring_;
};

/// Something that many coroutines wait for.
class Event {
public:
    struct Awaiter {
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> job) noexcept {
            handle = job;
            next = std::exchange(event.first_, this);
        }
        void await_resume() const noexcept {}
        Event& event;
        Awaiter* next = nullptr;
        std::coroutine_handle<> handle{};
    };
    Awaiter operator co_await() noexcept { return Awaiter{*this}; }
    void set() {
        Awaiter* waiter = std::exchange(first_, nullptr);
        while (waiter) std::exchange(waiter, waiter->next)->handle.resume();
    }

private:
    Awaiter* first_ = nullptr;
};

}  // namespace raw
