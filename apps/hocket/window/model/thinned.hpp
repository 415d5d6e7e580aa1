#pragma once

#include <cstddef>
#include <vector>

#include "update.hpp"

namespace hocket::window {

// The samples in at most `most` pieces, for drawing: neighbours are put together, as many in each piece. Its rate is
// exact, its p99 the highest and its p50 the middle one of its samples'.
std::vector<Sample> thinned(const std::vector<Sample>& samples, std::size_t most);

}  // namespace hocket::window
