// SharedValue: one object that several processes see.
#pragma once
#include <new>
#include <string_view>

#include "hocket/process/detail/shared_data.hpp"

namespace hocket {

/// A T in shared memory, with a lock for those who change it. It is a handle: a copy is the same object, in this
/// process and, as an argument or message, in others.
///
///     hk::SharedValue<int> counter(0);
///     {
///         std::scoped_lock guard(counter.lock());
///         ++*counter;
///     }
///
/// T is trivially copyable and holds no addresses. Nobody is made to lock: reading and writing at the same time is a
/// data race as it is between threads, unless by std::atomic_ref(*counter). If a process dies while it has the lock,
/// the next lock() throws OwnerDiedError (see SharedLock).
template <class T>
class SharedValue : public detail::SharedData {
public:
    using value_type = T;

    /// A new one. `name` shows in messages and in /proc. Throws std::system_error.
    explicit SharedValue(const T& value = T(), std::string_view name = {})
        : SharedData(sizeof(T), alignof(T), 1, name) {
        detail::check_shareable<T>();
        ::new (items()) T(value);
    }
    explicit SharedValue(InputArchive& archive) : SharedData(archive, sizeof(T), alignof(T)) {}
    /// That of another process, by the descriptor of it that this one has, and keeps. Throws std::invalid_argument if
    /// it is none of a type of this size, std::system_error.
    static SharedValue from_descriptor(int descriptor) {
        detail::check_shareable<T>();
        return SharedValue(SharedMemory::from_descriptor(descriptor));
    }

    T& operator*() const noexcept { return *get(); }
    T* operator->() const noexcept { return get(); }
    T* get() const noexcept { return std::launder(static_cast<T*>(items())); }

private:
    explicit SharedValue(SharedMemory memory) : SharedData(std::move(memory), sizeof(T), alignof(T)) {}
};

}  // namespace hocket
