#include "hocket/aio/async_generator.hpp"

namespace hocket::detail {

void throw_yield_inside_scope() {
    throw InvalidStateError(
        "hocket: an AsyncGenerator yielded inside a cancel scope, time-out or task group of its own; leave it before "
        "co_yield");
}

void throw_generator_busy() {
    throw InvalidStateError(
        "hocket: this AsyncGenerator is in the middle of a step; only one task at a time may ask it for values");
}

void throw_generator_ignored_exit() {
    throw InvalidStateError("hocket: an AsyncGenerator went on to yield while it was being closed");
}

}  // namespace hocket::detail
