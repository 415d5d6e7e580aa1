#include "hocket/futures/detail/unseen_errors.hpp"

#include <string>

#include "hocket/futures/detail/shared_state.hpp"

namespace hocket::detail {

void UnseenErrors::report() const noexcept {
    try {
        std::string who = "a call by map()";
        if (count_ > 1) who += ", and " + std::to_string(count_ - 1) + (count_ == 2 ? " other," : " others,");
        SharedStateBase::report_lost(first_, who);
    } catch (const std::exception&) {  // no memory for the number
        SharedStateBase::report_lost(first_, "a call by map()");
    }
}

}  // namespace hocket::detail
