#pragma once

#include <string_view>

namespace hocket::load {

// The version of Hocket, for example "0.1.0". It is stated once, in CMakeLists.txt, and arrives as HOCKET_VERSION.
std::string_view version() noexcept;

}  // namespace hocket::load
