// SharedMemory: bytes that several processes see.
#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace hocket {
class InputArchive;
class OutputArchive;

/// A block of memory that can be mapped by several processes: an argument of a worker, a Process or a message, or a
/// descriptor that any program may be given. A copy is another handle to the same bytes. They are zero at first and are
/// gone with the last handle and mapping in any process; nothing has a name that could be left behind in a file system.
///
/// Cannot shrink or grow (memfd_create(2) with seals), so that no process can take the memory away from under another.
/// Copies and handles may be used by several threads at the same time; what is in the memory is for its users to
/// protect, see SharedValue and SharedArray.
class SharedMemory {
public:
    /// `name` shows in /proc/<pid>/maps and fd. Throws std::invalid_argument when `size` is 0, std::system_error.
    explicit SharedMemory(std::size_t size, std::string_view name = "hocket");
    /// Maps what `descriptor`, which stays the caller's, refers to: the descriptor() of a SharedMemory, or any memfd
    /// that is sealed against shrinking. Throws std::invalid_argument if it is something else, std::system_error.
    static SharedMemory from_descriptor(int descriptor);
    /// As part of a message from another process.
    explicit SharedMemory(InputArchive& archive);
    void save(OutputArchive& archive) const;

    std::byte* data() const noexcept { return data_; }
    std::size_t size() const noexcept { return size_; }
    std::span<std::byte> bytes() const noexcept { return {data_, size_}; }
    /// To be passed to another process; valid as long as a handle is. It is closed on exec.
    int descriptor() const noexcept { return descriptor_; }
    /// Whether both are the same memory.
    friend bool operator==(const SharedMemory& a, const SharedMemory& b) noexcept { return a.mapping_ == b.mapping_; }

private:
    class Mapping;
    explicit SharedMemory(std::shared_ptr<const Mapping> mapping) noexcept;
    // One for all handles of this process to the same memory, so that it has one address here.
    std::shared_ptr<const Mapping> mapping_;
    std::byte* data_;
    std::size_t size_;
    int descriptor_;
};

}  // namespace hocket
