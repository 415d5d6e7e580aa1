#include "hocket/threading/thread.hpp"

#include "hocket/core/errors.hpp"

namespace hocket {

detail::ThreadState& Thread::state() const {
    if (!state_) throw InvalidStateError("hocket: this Thread has no thread: it was moved from, or made without one");
    return *state_;
}

bool Thread::join_before(TimePoint deadline, std::source_location where) {
    if (!state().block_until(deadline, where)) return false;
    state_->rethrow();
    return true;
}

std::vector<ThreadInfo> threads() {
    std::vector<ThreadInfo> all;
    detail::ThreadRecord::for_each([&](const detail::ThreadRecord& record, const std::string& name) {
        all.push_back(ThreadInfo{record.id(), name, record.native_id(), record.daemon()});
    });
    return all;
}

}  // namespace hocket
