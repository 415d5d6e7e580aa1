#include "hocket/aio/gather.hpp"

namespace hocket::detail {

void finish_gather(ChildSet& children) {
    children.leave();
    if (!children.errors().empty()) std::rethrow_exception(children.errors().front());
    children.throw_if_cancelled();
}

}  // namespace hocket::detail
