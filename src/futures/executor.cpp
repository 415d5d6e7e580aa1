#include "hocket/futures/executor.hpp"

#include <stdexcept>

namespace hocket {

void InlineExecutor::shutdown(ShutdownOptions, std::source_location) { closed_.store(true, std::memory_order_relaxed); }

void InlineExecutor::execute(detail::Job& job) {
    if (closed_.load(std::memory_order_relaxed))
        throw std::runtime_error("hocket: a job was submitted to an InlineExecutor after its shutdown");
    job.run_here();
}

}  // namespace hocket
