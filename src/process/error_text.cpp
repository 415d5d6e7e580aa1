#include "process/error_text.hpp"

#include <cxxabi.h>

#include <cstdlib>
#include <memory>
#include <typeinfo>

#include "hocket/core/errors.hpp"

namespace hocket::detail {

const char* current_exception_type() noexcept {
    const std::type_info* type = abi::__cxa_current_exception_type();
    return type ? type->name() : "";
}

std::string readable_type(const char* type) {
    int status = 0;
    const std::unique_ptr<char, decltype(&std::free)> readable(abi::__cxa_demangle(type, nullptr, nullptr, &status),
                                                               &std::free);
    return status == 0 && readable ? readable.get() : type;
}

std::string error_text(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const CancelledError& cancelled) {
        return cancelled.message();
    } catch (const std::exception& failed) {
        return readable_type(current_exception_type()) + ": " + failed.what();
    } catch (...) {
        return "an exception of type " + readable_type(current_exception_type());
    }
}

}  // namespace hocket::detail
