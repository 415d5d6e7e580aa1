// SharedData: values in shared memory, and the lock that goes with them.
#pragma once
#include <cstddef>
#include <type_traits>

#include "hocket/process/shared_lock.hpp"

namespace hocket::detail {

/// Whether objects of type T mean the same to each process that sees their bytes.
template <class T>
constexpr void check_shareable() {
    static_assert(std::is_trivially_copyable_v<T>,
                  "hocket: only what can be copied byte by byte can be in shared memory "
                  "(std::is_trivially_copyable): a std::string, a container or a smart pointer refers to memory of its "
                  "own process. Send such a value through a SharedQueue or a Pipe, or share an array of characters");
    static_assert(!std::is_pointer_v<T> && !std::is_member_pointer_v<T> && !std::is_reference_v<T>,
                  "hocket: a pointer means nothing to another process; share what it points to, or its index in a "
                  "SharedArray");
    static_assert(std::is_default_constructible_v<T> || std::is_copy_constructible_v<T>,
                  "hocket: what is in shared memory must be constructible");
}

/// The base of SharedValue and SharedArray.
class SharedData : public SharedObject {
public:
    /// The lock of this data, for those who want to use it. Good as long as this handle.
    SharedLock& lock() const noexcept { return lock_; }

protected:
    SharedData(std::size_t item_size, std::size_t alignment, std::size_t count, std::string_view name);
    SharedData(SharedMemory memory, std::size_t item_size, std::size_t alignment);
    SharedData(InputArchive& archive, std::size_t item_size, std::size_t alignment);
    ~SharedData() = default;
    SharedData(const SharedData&) = default;
    SharedData(SharedData&&) = default;
    SharedData& operator=(const SharedData&) = default;
    SharedData& operator=(SharedData&&) = default;

    void* items() const noexcept { return items_; }
    std::size_t count() const noexcept { return static_cast<std::size_t>(header().count); }
    [[noreturn]] void throw_out_of_range(std::size_t index) const;

private:
    static Kind kind(std::size_t item_size, std::size_t alignment);
    void* find_items(std::size_t alignment) const noexcept;
    mutable SharedLock lock_;
    void* items_;
};

}  // namespace hocket::detail
