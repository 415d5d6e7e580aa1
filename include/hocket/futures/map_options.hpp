// How the map() of an executor is to go about it.
#pragma once
#include <cstddef>

#include "hocket/core/clock.hpp"

namespace hocket {

/// How map() is to hand out its elements, and how long its results may take.
struct MapOptions {
    /// How many elements go into one job: with many small ones, most of the work is else to hand them out.
    std::size_t chunk_size = 1;
    /// How many jobs may be submitted whose results have not all been gone through; 0: a few for each worker.
    std::size_t buffer_size = 0;
    /// Counted from the call of map(): who asks later for a result that is not there, or waits so long for it, gets
    /// TimeoutError.
    Duration timeout = Duration::max();
};

}  // namespace hocket
