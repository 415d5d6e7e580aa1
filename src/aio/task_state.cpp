#include "hocket/aio/detail/task_state.hpp"

#include <memory>

namespace hocket::detail {

void note_reason(std::atomic<std::string*>& place, std::string_view reason) noexcept {
    try {
        auto given = std::make_unique<std::string>(reason);
        std::string* expected = nullptr;
        if (place.compare_exchange_strong(expected, given.get(), std::memory_order_acq_rel)) (void)given.release();
    } catch (const std::exception&) {  // no memory: cancelling matters more than saying why
    }
}

}  // namespace hocket::detail
