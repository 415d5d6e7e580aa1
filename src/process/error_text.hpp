// An exception in words.
#pragma once
#include <exception>
#include <string>
#include <string_view>

namespace hocket::detail {

/// The type of the exception that is being handled, as the compiler's run time calls it; "" for one of another
/// language.
const char* current_exception_type() noexcept;
/// As a reader of the program knows it: "std::out_of_range".
std::string readable_type(const char* type);
/// "std::out_of_range: text", "cancelled: reason".
std::string error_text(const std::exception_ptr& error);

}  // namespace hocket::detail
