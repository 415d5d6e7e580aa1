#include "net/unix_socket_file.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "net/fd_guard.hpp"

namespace hocket::detail {
namespace {

// Whether `address` is a socket whose listener is gone without removing it.
bool is_stale(const Address& address) {
    const FdGuard probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (probe.get() < 0) return false;
    return ::connect(probe.get(), address.data(), static_cast<socklen_t>(address.size())) < 0 && errno == ECONNREFUSED;
}

bool is_socket(const std::string& path) noexcept {
    struct stat status {};
    return ::lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode);
}

}  // namespace

Listener UnixSocketFile::listen(const std::string& path, const ListenOptions& options, UnixSocketFile& file) {
    const Address address = Address::unix_path(path);
    const bool abstract = path.front() == '\0';
    if (!abstract && is_socket(path) && is_stale(address)) ::unlink(path.c_str());
    Listener listener = Listener::bind(address, options);
    struct stat status {};
    if (!abstract && ::lstat(path.c_str(), &status) == 0) {
        file.path_ = path;
        file.device_ = status.st_dev;
        file.inode_ = status.st_ino;
    }
    return listener;
}

void UnixSocketFile::remove() noexcept {
    if (path_.empty()) return;
    struct stat status {};
    if (::lstat(path_.c_str(), &status) == 0 && status.st_dev == device_ && status.st_ino == inode_)
        ::unlink(path_.c_str());
    path_.clear();
}

}  // namespace hocket::detail
