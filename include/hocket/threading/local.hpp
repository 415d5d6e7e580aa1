// Local: a value for each thread, made on first use.
#pragma once
#include <functional>
#include <memory>
#include <utility>

namespace hocket {
namespace detail {

/// The values of one Local, wherever they are. Counted by the Local and by the threads that have a value.
class LocalSlot {
public:
    LocalSlot();
    ~LocalSlot();
    LocalSlot(const LocalSlot&) = delete;
    LocalSlot& operator=(const LocalSlot&) = delete;
    /// The calling thread's value, null if it has none.
    void* find() const noexcept;
    /// Gives the calling thread a value.
    void* put(std::shared_ptr<void> value);
    /// Destroys the calling thread's value.
    void erase() noexcept;

private:
    friend class LocalValues;
    class Shared;
    std::shared_ptr<Shared> shared_;
};

}  // namespace detail

/// A T for each thread, per Local object. Made by the thread's first use, by a default constructor or the given
/// factory; destroyed with the thread or with the Local, whichever comes first. (The Local's destructor destroys the
/// values of other threads too, so that nobody may be using them by then.)
///
/// Thread-safe; the factory may run in several threads at once. Not for coroutines, where a thread has many tasks: use
/// ContextVar.
template <class T>
class Local {
public:
    Local() : Local([] { return T(); }) {}
    explicit Local(std::function<T()> factory) : factory_(std::move(factory)) {}

    /// The calling thread's value. Throws what the factory throws; the next use tries again.
    T& get() {
        if (void* value = slot_.find()) return *static_cast<T*>(value);
        return *static_cast<T*>(slot_.put(std::shared_ptr<T>(new T(factory_()))));
    }
    T& operator*() { return get(); }
    T* operator->() { return &get(); }
    /// Destroys the calling thread's value, if it has one; the next use makes another.
    void reset() noexcept { slot_.erase(); }

private:
    std::function<T()> factory_;
    detail::LocalSlot slot_;
};

}  // namespace hocket
