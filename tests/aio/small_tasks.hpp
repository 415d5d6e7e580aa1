// Tasks that do next to nothing, for tests.
#pragma once
#include <stdexcept>

#include "hocket/aio/sleep.hpp"
#include "hocket/aio/task.hpp"

namespace hocket::test {

inline Task<int> number(int n) { co_return n; }
inline Task<int> number_after(Duration time, int n) {
    co_await sleep(time);
    co_return n;
}
inline Task<int> fails_after(Duration time, const char* text) {
    co_await sleep(time);
    throw std::runtime_error(text);
}

}  // namespace hocket::test
