// Files, read and written without stopping the event loop.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "hocket/aio/task.hpp"

namespace hocket {

/// How File::open() opens.
enum class FileMode {
    read,        ///< an existing file, to be read
    write,       ///< to be written; made if it is not there, emptied if it is
    append,      ///< to be written at its end; made if it is not there
    read_write,  ///< both; made if it is not there
    create,      ///< to be written; must not be there yet
};

/// An open file. Bytes that are in memory are read at once, if they are few. Everything else is done by the kernel on a
/// loop with io_uring; otherwise, since there is no way to wait for a disk file as for a socket, by a thread of the
/// loop's default executor (see to_thread()). The loop goes on meanwhile.
///
/// Belongs to the tasks of one loop. Operations of several tasks may overlap: those with an offset do not disturb each
/// other, and those at the position take turns, in the order in which they were begun, each as a whole. (In a pipe or
/// the like, which has no position, reads take turns among each other, and writes.) Failures are std::system_error with
/// the path in their text.
///
/// Cancellation: one that waits for its turn does nothing. One under way is awaited, as it cannot be interrupted, and a
/// read gives what it got; of a write a part or all may be written, and what read_all() has read may be lost.
class File {
public:
    static constexpr std::size_t kChunk = 256 * 1024;

    /// `permissions`: of a file that is made, less the process's umask.
    static Task<File> open(std::filesystem::path path, FileMode mode = FileMode::read, unsigned permissions = 0666);

    /// No file.
    File() noexcept = default;
    File(File&&) noexcept = default;
    File& operator=(File&&) noexcept = default;
    /// Closes the file, in this thread, once the operations under way have ended; an error on closing is lost: use
    /// close() where it matters.
    ~File() = default;

    explicit operator bool() const noexcept { return handle_ != nullptr; }
    /// Throws InvalidStateError without a file, as all below do.
    const std::filesystem::path& path() const;

    /// Up to `max` bytes from the file's position on, which moves; "" at the end of the file.
    Task<std::string> read(std::size_t max = kChunk);
    /// Up to `max` bytes from `offset` on, fewer only at the end of the file. The position stays.
    Task<std::string> read_at(std::uint64_t offset, std::size_t max);
    /// All from the position to the end of the file.
    Task<std::string> read_all();
    /// The next line, without its "\n", which the last one may lack; nothing at the end of the file. Reads ahead, for
    /// further calls of read_line() only: do not mix it with the others. Throws std::length_error for a line of more
    /// than `limit` bytes.
    Task<std::optional<std::string>> read_line(std::size_t limit = 16 * 1024 * 1024);
    /// Writes all of `data` at the position, which moves; at the end in FileMode::append.
    Task<void> write(std::string data);
    /// Writes all of `data` at `offset`. The position stays.
    Task<void> write_at(std::uint64_t offset, std::string data);
    /// Waits until what was written is on the disk.
    Task<void> sync();
    /// In bytes.
    Task<std::uint64_t> size();
    /// Closes it, when the operations under way have ended, and says what went wrong, such as a full quota of a network
    /// file system. Further ones throw InvalidStateError at once. Cancelled, it closes as the destructor does.
    Task<void> close();

private:
    class Handle;
    static Task<std::size_t> read_some(Handle& file, std::span<char> room, std::uint64_t offset);
    static Task<void> write_by_kernel(Handle& file, std::string data, std::uint64_t offset);
    explicit File(std::shared_ptr<Handle> handle) noexcept : handle_(std::move(handle)) {}
    std::shared_ptr<Handle> checked() const;
    std::shared_ptr<Handle> handle_;  // shared with the operations under way
};

/// The whole file.
Task<std::string> read_file(std::filesystem::path path);
/// Makes the file, or replaces what is in it.
Task<void> write_file(std::filesystem::path path, std::string data);
/// Adds to the end of the file, which is made if it is not there.
Task<void> append_file(std::filesystem::path path, std::string data);

}  // namespace hocket
