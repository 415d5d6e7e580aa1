#include "hocket/process/detail/owned_descriptor.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace hocket::detail {

OwnedDescriptor::~OwnedDescriptor() {
    if (fd_ >= 0) ::close(fd_);
}

OwnedDescriptor OwnedDescriptor::duplicate() const { return duplicate_descriptor(fd_); }

OwnedDescriptor duplicate_descriptor(int fd) {
    const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (copy < 0) {
        throw std::system_error(errno, std::generic_category(),
                                "hocket: duplicate the descriptor " + std::to_string(fd) + " for another process");
    }
    return OwnedDescriptor(copy);
}

}  // namespace hocket::detail
