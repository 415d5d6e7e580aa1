// What a system call that failed is reported by.
#pragma once
#include <cerrno>
#include <system_error>

namespace hocket::detail {

/// Throws the std::system_error of errno; `attempted` says what was to be done, as in "open a listening socket".
[[noreturn]] inline void throw_errno(const char* attempted) {
    throw std::system_error(errno, std::generic_category(), attempted);
}

}  // namespace hocket::detail
