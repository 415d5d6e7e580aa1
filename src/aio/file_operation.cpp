#include "hocket/aio/detail/file_operation.hpp"

#include <cerrno>

#include "hocket/aio/detail/io_backend.hpp"
#include "hocket/core/detail/task_context.hpp"

namespace hocket::detail {

bool FileOperation::start(PromiseBase& promise) noexcept {
    set_promise(promise);
    if (promise.task()->cancel_pending()) {
        finish(-ECANCELED);
        return false;
    }
    suspend();
    backend_.start(*this);
    return true;
}

void FileOperation::run() noexcept {
    if (finished_) return Suspension::run();
    backend_.start(*this);  // the loop had left its thread, or a signal was in the way
}

std::string FileOperation::waits_for() const {
    const char* what = "";
    switch (verb_) {
        case FileVerb::read:
            what = "the disk, reading";
            break;
        case FileVerb::write:
            what = "the disk, writing";
            break;
        case FileVerb::sync:
            what = "the disk, to have all written";
            break;
    }
    return std::string(what) + " descriptor " + std::to_string(fd_);
}

}  // namespace hocket::detail
