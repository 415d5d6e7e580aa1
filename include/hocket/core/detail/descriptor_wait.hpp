// How a thread waits for a descriptor, cancellably.
#pragma once
#include <source_location>

#include "hocket/core/clock.hpp"

namespace hocket::detail {

/// Blocks the calling thread until `fd` has one of poll()'s `events`, or an error or end to tell; false when `deadline`
/// comes first. Throws CancelledError when the thread is cancelled, std::system_error if the kernel refuses. `fd` must
/// stay open meanwhile.
bool block_until_ready(int fd, short events, TimePoint deadline, std::source_location where);

}  // namespace hocket::detail
