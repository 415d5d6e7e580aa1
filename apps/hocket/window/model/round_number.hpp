#pragma once

namespace hocket::window {

// The smallest of 1, 2, 2.5, 5 times a power of ten that is not below `least`, for the steps of axes; 1 if that is not
// above 0.
double round_number(double least);
// How many decimals such a number has: 0 of 5 and 10, 1 of 2.5, 3 of 0.025.
int decimals_of(double round);

}  // namespace hocket::window
