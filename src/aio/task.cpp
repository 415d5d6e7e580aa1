#include "hocket/aio/task.hpp"

#include <cxxabi.h>
#include <dlfcn.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "hocket/core/report.hpp"

namespace hocket::detail {
namespace {

// The name of the function whose address this is, or else where it is in which file, for addr2line.
std::string function_at(const void* address) {
    Dl_info found;
    if (::dladdr(address, &found) == 0) return "an unknown function";
    if (found.dli_sname) {
        int status = 0;
        const std::unique_ptr<char, void (*)(void*)> name(
            abi::__cxa_demangle(found.dli_sname, nullptr, nullptr, &status), std::free);
        return name ? name.get() : found.dli_sname;
    }
    char offset[32];
    std::snprintf(offset, sizeof offset, "+0x%zx",
                  reinterpret_cast<std::uintptr_t>(address) - reinterpret_cast<std::uintptr_t>(found.dli_fbase));
    return std::string(found.dli_fname) + offset;
}

}  // namespace

void drop_unawaited(std::coroutine_handle<> coroutine) noexcept {
    if (debug_enabled() && std::uncaught_exceptions() == 0) {
        try {
            // A frame begins with the address of the function that goes on with it, in all compilers that we know.
            void* function = nullptr;
            std::memcpy(&function, coroutine.address(), sizeof function);
            report(ReportKind::never_awaited,
                   "a Task was destroyed that was never awaited nor spawned, so that it has "
                   "done nothing: " +
                       function_at(function));
        } catch (const std::exception&) {
            report(ReportKind::never_awaited, "a Task was destroyed that was never awaited nor spawned");
        }
    }
    coroutine.destroy();
}

}  // namespace hocket::detail
