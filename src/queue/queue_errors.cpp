#include <stdexcept>

#include "hocket/core/errors.hpp"
#include "hocket/queue/detail/queue_core.hpp"

namespace hocket::detail {

void throw_put_after_shutdown() {
    throw QueueShutDown("hocket: put() into a queue that has been shut down; the item was not put");
}

void throw_get_after_shutdown() {
    throw QueueShutDown("hocket: get() from a queue that has been shut down and is empty; a range-for ends here");
}

void throw_too_many_done() {
    throw std::logic_error(
        "hocket: task_done() of a queue was called more often than items were put; call it once for "
        "each item taken");
}

}  // namespace hocket::detail
