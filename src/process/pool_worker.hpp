// The worker process of a ProcessPool.
#pragma once
#include "hocket/process/detail/payload.hpp"

namespace hocket::detail {

/// What a worker is started with: the descriptors of its channel, of the memory with the pool's bell, and of its
/// socket.
int run_pool_worker(PayloadReader& setup);

}  // namespace hocket::detail
