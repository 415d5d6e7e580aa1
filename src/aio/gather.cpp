#include "hocket/aio/gather.hpp"

#include <stdexcept>

namespace hocket {

AtMost::AtMost(std::size_t running) : running_(running) {
    if (running == 0) throw std::invalid_argument("hocket: gather(at_most(0), ...) could never run a task");
}

}  // namespace hocket

namespace hocket::detail {

void finish_gather(ChildSet& children, const std::exception_ptr& unspawned) {
    children.leave();
    if (unspawned) std::rethrow_exception(unspawned);
    children.throw_if_cancelled();
}

void finish_failing_gather(ChildSet& children, const std::exception_ptr& unspawned) {
    if (!unspawned && children.first_error()) {
        children.leave();
        std::rethrow_exception(children.first_error());
    }
    finish_gather(children, unspawned);
}

}  // namespace hocket::detail
