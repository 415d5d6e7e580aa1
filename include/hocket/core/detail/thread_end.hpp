// The very end of a thread: what must outlive its thread-local objects.
#pragma once
#include <new>

namespace hocket::detail {

/// To be told of the end of a thread.
class AtThreadEnd {
public:
    /// The calling thread ends. May destroy the object.
    virtual void thread_ended() noexcept = 0;

protected:
    AtThreadEnd() noexcept = default;
    AtThreadEnd(const AtThreadEnd&) = delete;
    AtThreadEnd& operator=(const AtThreadEnd&) = delete;
    ~AtThreadEnd() = default;

private:
    friend class ThreadEnd;
    AtThreadEnd* next_ = nullptr;
};

/// `node.thread_ended()` will be called when the destructors of the calling thread's thread-local objects have run;
/// later ones before earlier ones. The main thread never ends, unless by pthread_exit(). False if the system has no
/// memory, or no key for thread-specific data, left for that.
[[nodiscard]] bool call_at_thread_end(AtThreadEnd& node) noexcept;

/// A T for each thread that asks for it, there until the thread's very end: while the destructors of thread-local
/// objects run, and in the main thread those of static objects. The main thread's is never destroyed; a thread that
/// asks still later, from the destructor of other thread-specific data, gets another one.
///
/// If T has a clear(), which leaves it usable, that is called among the destructors of thread-local objects, and again
/// at the end for what came later: for values of the user, which should not be left over when the program ends. (Who
/// asks for the first time from the destructor of thread-specific data leaks the few bytes by which the C library
/// remembers that.)
template <class T>
class UntilThreadEnd final : AtThreadEnd {
public:
    /// Throws std::bad_alloc, and what T's constructor throws.
    static T& get() { return current_ ? current_->value_ : make(); }

private:
    static constexpr bool kClears = requires(T & value) { value.clear(); };
    struct Clearer {
        ~Clearer() {
            if (current_) current_->value_.clear();
        }
    };

    static T& make() {
        if constexpr (kClears) thread_local const Clearer clearer;
        auto* made = new UntilThreadEnd;
        if (!call_at_thread_end(*made)) {
            delete made;
            throw std::bad_alloc();
        }
        current_ = made;
        return made->value_;
    }
    void thread_ended() noexcept override {
        if constexpr (kClears) value_.clear();
        current_ = nullptr;
        delete this;
    }

    static inline thread_local constinit UntilThreadEnd* current_ = nullptr;
    T value_;
};

}  // namespace hocket::detail
