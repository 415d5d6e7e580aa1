// The file of a listening Unix socket.
#pragma once
#include <sys/stat.h>

#include <string>

#include "hocket/net/listener.hpp"

namespace hocket::detail {

/// Removes the file of a listening Unix socket at its end, if it still is that one.
class UnixSocketFile {
public:
    /// No file.
    UnixSocketFile() noexcept = default;
    /// Listens at `path`, in the place of a socket on which nobody listens any more; `file` removes it. Throws
    /// std::system_error, with EADDRINUSE where somebody listens or the file is no socket.
    static Listener listen(const std::string& path, const ListenOptions& options, UnixSocketFile& file);
    UnixSocketFile(const UnixSocketFile&) = delete;
    UnixSocketFile& operator=(const UnixSocketFile&) = delete;
    ~UnixSocketFile() { remove(); }
    void remove() noexcept;

private:
    std::string path_;  // empty: nothing to remove
    dev_t device_ = 0;
    ino_t inode_ = 0;
};

}  // namespace hocket::detail
