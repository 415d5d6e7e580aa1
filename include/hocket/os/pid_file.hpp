// PidFile: at most one process, and which one.
#pragma once
#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <optional>

namespace hocket {
namespace detail {
class LockedPidFile;
}

/// A file with the number of this process, locked from its construction to its destruction, which removes it. It is the
/// lock that counts: it ends with the process, however that ends, so the file of a process that was killed is stale at
/// once, is recognised as such and taken over. Of any number of processes that try at the same time, one succeeds.
///
/// Two locks on it, after fcntl(2): that of the process, by which the kernel tells who it is, whatever the file says;
/// and that of the open file, which outlives that this program opens and closes the file. Children have neither.
///
/// The file has mode 0644. Refused are symbolic links, anything but a file, files with a second name, and files of
/// another user than this one and root: in a folder where everybody may write, somebody may have laid them there.
///
/// Move-only. A process of its own that was forked from this one does not remove it.
class PidFile {
public:
    /// Throws AlreadyRunningError with the pid of the holder, std::system_error, std::invalid_argument for an empty
    /// path. A relative path is meant from the present working folder.
    explicit PidFile(const std::filesystem::path& path);
    PidFile(PidFile&&) noexcept;
    PidFile& operator=(PidFile&&) noexcept;
    ~PidFile();

    /// Absolute.
    const std::filesystem::path& path() const noexcept;

    /// The process that holds the file, nothing if none does. Throws AlreadyRunningError if somebody holds it who
    /// cannot be named, std::system_error if it cannot be looked at.
    static std::optional<pid_t> holder(const std::filesystem::path& path);

private:
    std::unique_ptr<detail::LockedPidFile> file_;
};

}  // namespace hocket
