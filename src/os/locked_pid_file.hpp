// The pid file behind PidFile, and who holds one.
#pragma once
#include <sys/stat.h>
#include <sys/types.h>

#include <filesystem>

#include "net/fd_guard.hpp"

namespace hocket::detail {

/// A pid file that this process holds: see PidFile.
///
/// Invariant: the process that has the record lock of byte 1 is the holder. The lock of byte 0, which belongs to the
/// open file, is taken after it and let go with it, except where the program itself has closed the file through
/// another descriptor and so lost the first: it keeps others out then. A child of ours closes the descriptor at once
/// (pthread_atfork), so it cannot hold the second lock beyond our end.
class LockedPidFile {
public:
    /// `path` is absolute.
    explicit LockedPidFile(std::filesystem::path path);
    LockedPidFile(const LockedPidFile&) = delete;
    LockedPidFile& operator=(const LockedPidFile&) = delete;
    ~LockedPidFile();
    const std::filesystem::path& path() const noexcept { return path_; }

private:
    bool try_lock();
    bool is_still_at_path() const;
    void check(const struct stat& file) const;
    void write_pid();

    const std::filesystem::path path_;
    const pid_t owner_;
    FdGuard fd_;
    struct stat file_ {};
};

/// Who holds a pid file, if anybody does.
class PidFileHolder {
public:
    PidFileHolder() = default;
    explicit operator bool() const noexcept { return pid > 0; }
    pid_t pid = 0;
    /// Refers to that process: it is as sure as the lock, whatever becomes of the number.
    FdGuard pidfd;
};

/// Looks at the locks, not at what the file says. Throws as PidFile::holder() does.
PidFileHolder find_holder(const std::filesystem::path& path);

/// Removes a pid file that nobody holds, whoever owns it, as far as this user may. `path` is absolute.
void remove_stale(const std::filesystem::path& path) noexcept;

}  // namespace hocket::detail
