#include "hocket/actor/detail/asymmetric_barrier.hpp"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace hocket::detail {
namespace {

bool register_with_kernel() noexcept {
    return ::syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}

}  // namespace

std::atomic<bool> AsymmetricBarrier::cheap_{false};

void AsymmetricBarrier::prepare() noexcept {
    static const bool registered = register_with_kernel();
    if (registered) cheap_.store(true, std::memory_order_relaxed);
}

// Not a fence, which ThreadSanitizer does not understand.
void AsymmetricBarrier::full() noexcept {
    static std::atomic<int> word{0};
    word.fetch_add(0, std::memory_order_seq_cst);
}

void AsymmetricBarrier::heavy() noexcept {
    full();
    if (cheap_.load(std::memory_order_relaxed)) ::syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}

}  // namespace hocket::detail
