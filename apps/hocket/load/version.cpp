#include "version.hpp"

#ifndef HOCKET_VERSION
#error "The build must define HOCKET_VERSION as a string, from the project's version"
#endif

namespace hocket::load {

std::string_view version() noexcept { return HOCKET_VERSION; }

}  // namespace hocket::load
