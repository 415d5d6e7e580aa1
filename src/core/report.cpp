#include "hocket/core/report.hpp"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>

namespace hocket {
namespace {

// Never destroyed: reports may come from static destructors and from threads that outlive main().
struct Hook {
    std::mutex mutex;
    std::shared_ptr<ReportHook> hook;
};
Hook& the_hook() {
    static Hook* hook = new Hook;
    return *hook;
}

}  // namespace

ReportHook set_report_hook(ReportHook hook) {
    auto next = hook ? std::make_shared<ReportHook>(std::move(hook)) : nullptr;
    Hook& current = the_hook();
    std::scoped_lock guard(current.mutex);
    current.hook.swap(next);
    return next ? *next : ReportHook();  // copied: another thread may be inside it
}

void detail::report(ReportKind kind, std::string_view text) noexcept {
    std::shared_ptr<ReportHook> hook;
    {
        Hook& current = the_hook();
        std::scoped_lock guard(current.mutex);
        hook = current.hook;
    }
    try {
        if (hook) return (*hook)(kind, text);
    } catch (...) {
        std::fputs("hocket: the report hook threw; it must not\n", stderr);
    }
    std::fprintf(stderr, "hocket: %.*s\n", static_cast<int>(text.size()), text.data());
}

bool debug_enabled() noexcept {
    static const bool enabled = [] {
        const char* value = std::getenv("HOCKET_DEBUG");
        return value && std::string_view(value) == "1";
    }();
    return enabled;
}

}  // namespace hocket
