// SharedArray: a number of objects that several processes see.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <memory>
#include <new>
#include <ranges>
#include <span>
#include <string_view>

#include "hocket/process/detail/shared_data.hpp"

namespace hocket {

/// An array of Ts in shared memory, of a size that never changes, with a lock for those who change it. For the rest as
/// SharedValue. It is a range of its elements, and a copy is the same array: use std::vector(array.begin(),
/// array.end()) for one of your own.
template <class T>
class SharedArray : public detail::SharedData {
public:
    using value_type = T;
    using iterator = T*;

    /// A new one of `size` value-initialised elements. Throws std::length_error, std::system_error.
    explicit SharedArray(std::size_t size, std::string_view name = {}) : SharedArray(size, T(), name) {}
    /// The same with `size` copies of `value`.
    SharedArray(std::size_t size, const T& value, std::string_view name = {})
        : SharedData(sizeof(T), alignof(T), size, name) {
        detail::check_shareable<T>();
        // Zeros are there already, and stay where they cost no memory until they are touched.
        if constexpr (std::is_arithmetic_v<T>) {
            const T zero = 0;
            if (std::memcmp(&value, &zero, sizeof(T)) == 0) return;
        }
        std::uninitialized_fill_n(data(), size, value);
    }
    /// The same with the elements of a range.
    template <std::ranges::forward_range Range>
    requires std::convertible_to<std::ranges::range_reference_t<Range>, T> &&
        (!std::derived_from<std::remove_cvref_t<Range>, SharedArray>)explicit SharedArray(Range&& elements,
                                                                                          std::string_view name = {})
        : SharedData(sizeof(T), alignof(T), static_cast<std::size_t>(std::ranges::distance(elements)), name) {
        detail::check_shareable<T>();
        std::ranges::uninitialized_copy(elements, std::span(data(), size()));
    }
    explicit SharedArray(InputArchive& archive) : SharedData(archive, sizeof(T), alignof(T)) {}
    /// That of another process, by the descriptor of it that this one has, and keeps. Throws std::invalid_argument if
    /// it is none of a type of this size, std::system_error.
    static SharedArray from_descriptor(int descriptor) {
        detail::check_shareable<T>();
        return SharedArray(SharedMemory::from_descriptor(descriptor));
    }

    std::size_t size() const noexcept { return count(); }
    bool empty() const noexcept { return size() == 0; }
    T* data() const noexcept { return static_cast<T*>(items()); }
    T& operator[](std::size_t index) const noexcept { return data()[index]; }
    /// Throws std::out_of_range.
    T& at(std::size_t index) const {
        if (index >= size()) throw_out_of_range(index);
        return data()[index];
    }
    T* begin() const noexcept { return data(); }
    T* end() const noexcept { return data() + size(); }
    /// Good as long as a handle is.
    std::span<T> span() const noexcept { return {data(), size()}; }

private:
    explicit SharedArray(SharedMemory memory) : SharedData(std::move(memory), sizeof(T), alignof(T)) {}
};

}  // namespace hocket
