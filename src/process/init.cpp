#include "hocket/process/init.hpp"

#include <filesystem>
#include <string>
#include <system_error>

#include "hocket/core/errors.hpp"
#include "hocket/process/detail/function_name.hpp"
#include "process/helper_client.hpp"

namespace hocket {
namespace {

#if defined(__SANITIZE_THREAD__)
#define HOCKET_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HOCKET_TSAN 1
#endif
#endif

// ThreadSanitizer has a thread of its own, and forks well.
std::size_t other_threads() {
#ifdef HOCKET_TSAN
    return 0;
#else
    std::error_code error;
    std::size_t count = 0;
    for (std::filesystem::directory_iterator each("/proc/self/task", error), end; !error && each != end;
         each.increment(error)) {
        ++count;
    }
    return count > 0 ? count - 1 : 0;
#endif
}

}  // namespace

void init(int argc, char** argv) {
    if (detail::HelperClient::begun()) return;
    if (const std::size_t others = other_threads()) {
        throw InvalidStateError("hocket: init() was called when the program had " + std::to_string(others) +
                                (others == 1 ? " other thread" : " other threads") +
                                " already, whose locks a forked process could find taken for ever: call it in the "
                                "first line of main()");
    }
    detail::remember_modules();
    detail::HelperClient::begin(detail::ProgramStart{argc, argv});
}

}  // namespace hocket
