// What another process gets when a value is sent to it.
#pragma once
#include <utility>

#include "hocket/process/archive.hpp"

namespace hocket::testing {

template <class T>
T there_and_back(const T& value) {
    detail::Payload payload;
    detail::write_value(payload, value);
    detail::PayloadReader reader(payload.bytes(), std::move(payload.descriptors()));
    return detail::read_value<T>(reader);
}

}  // namespace hocket::testing
