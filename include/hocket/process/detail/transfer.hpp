// By which rule a type travels between processes; see archive.hpp, which includes this.
#pragma once
#include <array>
#include <cereal/archives/binary.hpp>
#include <functional>
#include <initializer_list>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "hocket/process/detail/function_name.hpp"
#include "hocket/process/detail/payload.hpp"

namespace hocket::detail {

/// Whether a T holds an address, as far as the library can see.
template <class T>
struct HoldsAddress
    : std::bool_constant<std::is_pointer_v<T> || std::is_member_pointer_v<T> || std::is_null_pointer_v<T>> {};
template <class T>
struct HoldsAddress<std::reference_wrapper<T>> : std::true_type {};
template <class C, class Traits>
struct HoldsAddress<std::basic_string_view<C, Traits>> : std::true_type {};
template <class T, std::size_t N>
struct HoldsAddress<std::span<T, N>> : std::true_type {};
template <class T>
struct HoldsAddress<std::initializer_list<T>> : std::true_type {};
template <class T>
struct HoldsAddress<std::optional<T>> : HoldsAddress<T> {};
template <class T, class Allocator>
struct HoldsAddress<std::vector<T, Allocator>> : HoldsAddress<T> {};
template <class T, std::size_t N>
struct HoldsAddress<std::array<T, N>> : HoldsAddress<T> {};
template <class T, std::size_t N>
struct HoldsAddress<T[N]> : HoldsAddress<T> {};
template <class... T>
struct HoldsAddress<std::tuple<T...>> : std::disjunction<HoldsAddress<T>...> {};
template <class T, class U>
struct HoldsAddress<std::pair<T, U>> : std::disjunction<HoldsAddress<T>, HoldsAddress<U>> {};
template <class... T>
struct HoldsAddress<std::variant<T...>> : std::disjunction<HoldsAddress<T>...> {};

template <class T>
concept SavesItself = requires(const T& value, OutputArchive& archive) {
    value.save(archive);
};
/// Rule 1.
template <class T>
concept ArchiveHandle = SavesItself<T> && std::constructible_from<T, InputArchive&>;
/// Pointers to functions travel by name.
template <class T>
concept FunctionPointer = std::is_pointer_v<T> && std::is_function_v<std::remove_pointer_t<T>>;
/// Whether cereal has a way that does not depend on our archives.
template <class T>
concept KnownToCereal = cereal::traits::is_output_serializable<T, cereal::BinaryOutputArchive>::value ||
    cereal::traits::is_input_serializable<T, cereal::BinaryInputArchive>::value;
/// Whether the program says how a T is serialised, other than by the rules for containers: that comes before rule 3.
template <class T>
concept SerialisesItself = cereal::traits::has_member_serialize<T, cereal::BinaryOutputArchive>::value ||
    cereal::traits::has_member_save<T, cereal::BinaryOutputArchive>::value ||
    cereal::traits::has_member_save_minimal<T, cereal::BinaryOutputArchive>::value;
/// Rule 3. An empty class is only its type.
template <class T>
concept CopiedBytewise = std::is_trivially_copyable_v<T> && std::is_object_v<T> && !std::is_pointer_v<T> &&
                         !HoldsAddress<T>::value && !SavesItself<T> && !SerialisesItself<T>;

template <class T>
struct IsBytewiseVector : std::false_type {};
template <class T, class Allocator>
struct IsBytewiseVector<std::vector<T, Allocator>>
    : std::bool_constant<CopiedBytewise<T> && !std::same_as<T, bool> && alignof(T) <= Payload::kAlignment> {};
template <class C, class Traits, class Allocator>
struct IsBytewiseVector<std::basic_string<C, Traits, Allocator>> : std::true_type {};
/// Rule 2.
template <class T>
concept BytewiseVector = IsBytewiseVector<T>::value;

}  // namespace hocket::detail

namespace hocket {

// What our archives know beyond cereal, so that it may be part of what cereal serialises.

template <class T>
requires(detail::CopiedBytewise<T>&& std::is_class_v<T> && !detail::KnownToCereal<T>) void save(OutputArchive& archive,
                                                                                                const T& value) {
    archive.write_bytes(std::addressof(value), sizeof value);
}
template <class T>
requires(detail::CopiedBytewise<T>&& std::is_class_v<T> && !detail::KnownToCereal<T>) void load(InputArchive& archive,
                                                                                                T& value) {
    archive.read_bytes(std::addressof(value), sizeof value);
}
template <detail::ArchiveHandle T>
void load(InputArchive& archive, T& value) {
    value = T(archive);
}

}  // namespace hocket

namespace hocket::detail {

/// What can be written and read.
template <class T>
concept Sendable = !HoldsAddress<T>::value || FunctionPointer<T>;
template <class T>
concept Transferable = std::is_void_v<T> || ArchiveHandle<T> || FunctionPointer<T> || BytewiseVector<T> ||
    CopiedBytewise<T> ||
    (!HoldsAddress<T>::value && cereal::traits::is_output_serializable<T, OutputArchive>::value &&
     cereal::traits::is_input_serializable<T, InputArchive>::value && std::is_default_constructible_v<T>);

/// Stops the compilation with advice unless a T can travel.
template <class T>
constexpr void require_transferable() {
    static_assert(!std::is_pointer_v<T> || FunctionPointer<T>,
                  "hocket: a pointer means nothing in another process. Send the value itself (of text: a std::string), "
                  "or share the memory: hk::SharedMemory, hk::SharedArray, hk::SharedValue.");
    static_assert(FunctionPointer<T> || !HoldsAddress<T>::value,
                  "hocket: this type refers to memory of this process (std::ref, std::string_view, std::span, or a "
                  "pointer inside). Send what it refers to: a value, std::string, std::vector.");
    static_assert(
        !SavesItself<T> || ArchiveHandle<T>,
        "hocket: a type with save(hk::OutputArchive&) needs a constructor from hk::InputArchive& to be read.");
    static_assert(FunctionPointer<T> || HoldsAddress<T>::value || SavesItself<T> || Transferable<T>,
                  "hocket: this type cannot be sent to another process. Make it trivially copyable, or give it "
                  "`template <class Archive> void serialize(Archive& archive)` and a default constructor, or include "
                  "the <cereal/types/...> header for it.");
}

template <class T>
void write_value(Payload& payload, const T& value, OutputArchive* archive = nullptr) {
    require_transferable<T>();
    if constexpr (FunctionPointer<T>) {
        const FunctionName name = name_of(value);
        payload.append(&name, sizeof name);
    } else if constexpr (ArchiveHandle<T>) {
        if (archive) return value.save(*archive);
        OutputArchive own(payload);
        value.save(own);
    } else if constexpr (BytewiseVector<T>) {
        using Element = typename T::value_type;
        const std::uint64_t size = value.size();
        payload.append(&size, sizeof size);
        payload.align(alignof(Element));
        payload.append(value.data(), value.size() * sizeof(Element));
    } else if constexpr (CopiedBytewise<T>) {
        if constexpr (!std::is_empty_v<T>) payload.append(std::addressof(value), sizeof value);
    } else {
        if (archive) return (void)(*archive)(value);
        OutputArchive own(payload);
        own(value);
    }
}

template <class T>
T read_value(PayloadReader& payload, InputArchive* archive = nullptr) {
    if constexpr (FunctionPointer<T>) {
        FunctionName name;
        payload.read(&name, sizeof name);
        return function_of<std::remove_pointer_t<T>>(name);
    } else if constexpr (ArchiveHandle<T>) {
        if (archive) return T(*archive);
        InputArchive own(payload);
        return T(own);
    } else if constexpr (BytewiseVector<T>) {
        using Element = typename T::value_type;
        std::uint64_t size = 0;
        payload.read(&size, sizeof size);
        payload.align(alignof(Element));
        if (size > payload.left() / sizeof(Element)) (void)payload.take(static_cast<std::size_t>(-1));  // throws
        const auto count = static_cast<std::size_t>(size);
        // The bytes are those of such elements, aligned as they must be.
        const auto* first = reinterpret_cast<const Element*>(payload.take(count * sizeof(Element)));
        return T(first, first + count);
    } else if constexpr (CopiedBytewise<T>) {
        if constexpr (std::is_empty_v<T>) {
            alignas(T) std::byte place[sizeof(T)]{};
            return *std::launder(reinterpret_cast<T*>(place));
        } else {
            alignas(T) std::byte place[sizeof(T)];
            payload.read(place, sizeof place);
            return *std::launder(reinterpret_cast<T*>(place));
        }
    } else {
        T value{};
        if (archive) {
            (*archive)(value);
        } else {
            InputArchive own(payload);
            own(value);
        }
        return value;
    }
}

}  // namespace hocket::detail
