// Telling cancellations from errors.
#pragma once
#include <exception>

namespace hocket::detail {

/// Whether `error`, which is not null, is a CancelledError.
bool is_cancellation(const std::exception_ptr& error) noexcept;

}  // namespace hocket::detail
