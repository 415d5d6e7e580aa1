#include "hocket/process/detail/shared_signal.hpp"

#include "shared_futex.hpp"

namespace hocket::detail {

void SharedSignal::notify_sleepers(Sleepers sleepers) noexcept {
    asleep_.store(0, std::memory_order_seq_cst);
    serial_.fetch_add(1, std::memory_order_seq_cst);
    wake_shared(serial_, sleepers == Sleepers::one ? 1 : kEverybody);
}

}  // namespace hocket::detail
