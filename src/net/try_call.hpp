// System calls that must not block.
#pragma once
#include <sys/types.h>

#include <cerrno>
#include <cstddef>
#include <optional>
#include <system_error>

namespace hocket::detail {

/// The number that `call()` gives; nothing if it would have blocked. Throws its failure as std::system_error(`what`).
template <class Call>
std::optional<std::size_t> try_call(const char* what, Call call) {
    for (;;) {
        const ssize_t result = call();
        if (result >= 0) return static_cast<std::size_t>(result);
        if (errno == EAGAIN || errno == EWOULDBLOCK) return std::nullopt;
        if (errno != EINTR) throw std::system_error(errno, std::generic_category(), what);
    }
}

}  // namespace hocket::detail
