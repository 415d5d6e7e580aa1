#include "hocket/futures/detail/chunk_run.hpp"

namespace hocket::detail {

void ChunkRun::fail(std::exception_ptr error) noexcept {
    failed_.store(true, std::memory_order_relaxed);
    std::scoped_lock guard(error_mutex_);
    if (!error_) error_ = std::move(error);
}

void ChunkRun::join(const std::vector<Future<void>>& helpers, std::source_location where) {
    try {
        for (const auto& helper : helpers) {
            if (!helper.checked()->withdraw()) helper.checked()->block_until(kNever, where);
        }
    } catch (...) {
        // Cancelled, or a deadlock: the helpers use what is on this stack.
        fail(std::current_exception());
        for (const auto& helper : helpers)
            helper.checked()->cancel_quietly("the thread that waits for it was cancelled");
        for (const auto& helper : helpers) helper.checked()->block_until_done();
    }
    if (error_) std::rethrow_exception(error_);
}

}  // namespace hocket::detail
