// The atomic operations of the algorithms that tests/model runs under all interleavings. In the build of those tests
// (HOCKET_MODEL) another thread may run before each of them; everywhere else they are what they are called.
#pragma once
#include <atomic>

#ifdef HOCKET_MODEL
#include "model/model.hpp"
#endif

namespace hocket::detail {

#ifdef HOCKET_MODEL
template <class T>
using Atomic = model::Atomic<T>;
#else
template <class T>
using Atomic = std::atomic<T>;
#endif

}  // namespace hocket::detail
