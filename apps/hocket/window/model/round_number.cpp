#include "round_number.hpp"

#include <cmath>
#include <initializer_list>

namespace hocket::window {

double round_number(double least) {
    if (!(least > 0)) return 1;
    const double power = std::pow(10, std::floor(std::log10(least)));
    for (const double step : {1.0, 2.0, 2.5, 5.0, 10.0}) {
        if (step * power >= least * (1 - 1e-9)) return step * power;
    }
    return 10 * power;
}

int decimals_of(double round) {
    int decimals = 0;
    for (; decimals < 12 && std::abs(round - std::round(round)) > 1e-6 * round; ++decimals) round *= 10;
    return decimals;
}

}  // namespace hocket::window
