#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "histogram.hpp"

namespace hocket::load {

// A range of latencies, from..to in µs, and how many fell into it.
struct Band {
    std::uint64_t from;
    std::uint64_t to;
    std::uint64_t count = 0;
};

// The latencies in bands 1, 2, 5, 10, 20, 50 ... µs, the empty ones at both ends left out; in powers of ten if these
// would be more than twelve.
std::vector<Band> bands_of(const Histogram& latency);

// " 100 –  200 µs", aligned at the dash and the unit.
std::string band_label(const Band& band);

}  // namespace hocket::load
