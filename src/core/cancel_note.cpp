#include "hocket/core/detail/cancel_note.hpp"

#include <algorithm>
#include <exception>

#include "hocket/core/detail/party.hpp"

namespace hocket::detail {
namespace {

std::string who_is_here() {
    if (const Scheduler* scheduler = Scheduler::current()) {
        if (const TaskContext* task = scheduler->current_task()) return "task '" + task->name() + "'";
    }
    return "thread '" + ThreadRecord::current().name() + "'";
}

}  // namespace

CancelNote::CancelNote(std::string_view why) noexcept : why_(why) {
    try {
        std::string who = who_is_here();
        std::ranges::replace(who, '\0', '?');  // the last NUL byte is to be the one before it
        text_.reserve(why.size() + 1 + who.size());
        text_.append(why).append(1, '\0').append(who);
    } catch (const std::exception&) {  // cancelling matters more than saying who did it
        text_.clear();
    }
}

CancelledError cancelled_error(std::string_view note) {
    const std::size_t end = note.rfind('\0');
    if (end == std::string_view::npos) return CancelledError(std::string(note));
    return CancelledError(std::string(note.substr(0, end)), std::string(note.substr(end + 1)));
}

}  // namespace hocket::detail
