// Who cancels something, and why, on the way to the CancelledError that will say so.
#pragma once
#include <string>
#include <string_view>

#include "hocket/core/errors.hpp"

namespace hocket::detail {

/// `why`, with the calling task or thread as who: what the library then passes on as the reason. Without memory for it,
/// `why` alone. For the functions that users call.
class CancelNote {
public:
    explicit CancelNote(std::string_view why) noexcept;
    operator std::string_view() const noexcept { return text_.empty() ? why_ : std::string_view(text_); }

private:
    std::string_view why_;
    std::string text_;  // why (which may contain NUL bytes), a NUL byte, who (which does not)
};

/// What a reason that was passed on means.
CancelledError cancelled_error(std::string_view note);

}  // namespace hocket::detail
