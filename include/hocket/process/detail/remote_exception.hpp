// How exceptions travel between processes.
#pragma once
#include <exception>
#include <string>

#include "hocket/process/detail/payload.hpp"

namespace hocket::detail {

/// Writes the exception that is being handled.
void write_current_exception(Payload& payload);
/// A RemoteError for what was written; `where` says from which process it comes.
std::exception_ptr read_exception(PayloadReader& payload, const std::string& where);

}  // namespace hocket::detail
