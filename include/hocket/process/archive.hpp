// The archives in which arguments, results and messages travel between processes.
//
// How a type travels, by the first rule that fits:
//   1. A type with `void save(hk::OutputArchive&) const` and a constructor from `hk::InputArchive&` by these: for
//      handles, which take descriptors along (see below).
//   2. std::string and std::vector of what is copied bytewise: in one piece.
//   3. What is trivially copyable and holds no address that the library can see (pointer, std::string_view, std::span,
//      std::reference_wrapper): bytewise.
//   4. What cereal can serialise: standard containers, std::optional, std::variant, smart pointers, durations, and the
//      program's own types that have `template <class Archive> void serialize(Archive& archive)`.
//
// A type that carries descriptors
//
//     class SharedThing {
//     public:
//         void save(hk::OutputArchive& archive) const {
//             archive.attach(fd_);    // the message gets a duplicate: this object may end before the message is sent
//             archive.write(size_);   // any value that can be sent
//         }
//         explicit SharedThing(hk::InputArchive& archive)
//             : fd_(archive.take_descriptor()),      // the caller's to close; in the order of attach()
//               size_(archive.read<std::size_t>()) { map(); }
//     };
//
// may then be an argument of a job or a Process, a result, an item of a pipe, and part of anything that cereal
// serialises if it has a default constructor and can be moved. The descriptors travel over a Unix socket (SCM_RIGHTS)
// and are closed on the way if nobody takes them.
#pragma once
#include <cereal/cereal.hpp>
#include <cereal/types/array.hpp>
#include <cereal/types/chrono.hpp>
#include <cereal/types/common.hpp>
#include <cereal/types/deque.hpp>
#include <cereal/types/list.hpp>
#include <cereal/types/map.hpp>
#include <cereal/types/memory.hpp>
#include <cereal/types/optional.hpp>
#include <cereal/types/set.hpp>
#include <cereal/types/string.hpp>
#include <cereal/types/tuple.hpp>
#include <cereal/types/unordered_map.hpp>
#include <cereal/types/unordered_set.hpp>
#include <cereal/types/utility.hpp>
#include <cereal/types/variant.hpp>
#include <cereal/types/vector.hpp>
#include <concepts>
#include <cstddef>
#include <cstdint>

#include "hocket/process/detail/payload.hpp"

namespace hocket {

/// Writes values for another process, on the same machine and of the same program. Not thread-safe.
class OutputArchive final : public cereal::OutputArchive<OutputArchive, cereal::AllowEmptyClassElision> {
public:
    explicit OutputArchive(detail::Payload& payload) noexcept
        : cereal::OutputArchive<OutputArchive, cereal::AllowEmptyClassElision>(this), payload_(payload) {}

    /// Writes a value by the rules above.
    template <class T>
    void write(const T& value);
    void write_bytes(const void* bytes, std::size_t size) { payload_.append(bytes, size); }
    /// Sends a duplicate of `fd` along. Throws std::system_error.
    void attach(int fd) { payload_.attach(detail::duplicate_descriptor(fd)); }

private:
    detail::Payload& payload_;
};

/// Reads values in the order in which they were written.
class InputArchive final : public cereal::InputArchive<InputArchive, cereal::AllowEmptyClassElision> {
public:
    explicit InputArchive(detail::PayloadReader& payload) noexcept
        : cereal::InputArchive<InputArchive, cereal::AllowEmptyClassElision>(this), payload_(payload) {}

    template <class T>
    T read();
    void read_bytes(void* to, std::size_t size) { payload_.read(to, size); }
    /// The next descriptor that was sent along, which is the caller's to close.
    [[nodiscard]] int take_descriptor() { return payload_.take_descriptor().release(); }

private:
    detail::PayloadReader& payload_;
};

// What cereal asks an archive of bytes for.

template <class T>
requires std::is_arithmetic_v<T>
void save(OutputArchive& archive, const T& value) { archive.write_bytes(&value, sizeof value); }
template <class T>
requires std::is_arithmetic_v<T>
void load(InputArchive& archive, T& value) { archive.read_bytes(&value, sizeof value); }
template <class Archive, class T>
requires std::same_as<Archive, OutputArchive> || std::same_as<Archive, InputArchive>
void serialize(Archive& archive, cereal::NameValuePair<T>& pair) { archive(pair.value); }
template <class Archive, class T>
requires std::same_as<Archive, OutputArchive> || std::same_as<Archive, InputArchive>
void serialize(Archive& archive, cereal::SizeTag<T>& tag) { archive(tag.size); }
template <class T>
void save(OutputArchive& archive, const cereal::BinaryData<T>& data) {
    archive.write_bytes(data.data, static_cast<std::size_t>(data.size));
}
template <class T>
void load(InputArchive& archive, cereal::BinaryData<T>& data) {
    archive.read_bytes(data.data, static_cast<std::size_t>(data.size));
}

}  // namespace hocket

CEREAL_SETUP_ARCHIVE_TRAITS(hocket::InputArchive, hocket::OutputArchive)

#include "hocket/process/detail/transfer.hpp"

namespace hocket {

template <class T>
void OutputArchive::write(const T& value) {
    detail::write_value(payload_, value, this);
}

template <class T>
T InputArchive::read() {
    return detail::read_value<T>(payload_, this);
}

}  // namespace hocket
