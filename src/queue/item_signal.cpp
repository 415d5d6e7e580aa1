#include "hocket/queue/detail/item_signal.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace hocket::detail {

ItemSignal::~ItemSignal() {
    if (descriptor_ >= 0) discard(descriptor_);
}

int ItemSignal::make() {
    const int descriptor = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (descriptor < 0)
        throw std::system_error(errno, std::generic_category(), "hocket: no descriptor for the fileno() of a queue");
    return descriptor;
}

void ItemSignal::discard(int descriptor) noexcept { ::close(descriptor); }

void ItemSignal::change(bool readable) noexcept {
    readable_ = readable;
    // The counter is 0 or 1, so that neither call can block or fail.
    std::uint64_t count = 1;
    (void)!(readable ? ::write(descriptor_, &count, sizeof count) : ::read(descriptor_, &count, sizeof count));
}

}  // namespace hocket::detail
