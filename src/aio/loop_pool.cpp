#include "hocket/aio/loop_pool.hpp"

#include <sched.h>

namespace hocket {
namespace {

std::size_t usable_processors() noexcept {
    cpu_set_t usable;
    CPU_ZERO(&usable);
    if (::sched_getaffinity(0, sizeof usable, &usable) != 0) return 1;
    return static_cast<std::size_t>(CPU_COUNT(&usable));
}

}  // namespace

LoopPool::LoopPool(std::size_t size, std::string_view name, LoopOptions options) {
    if (size == 0) size = usable_processors();
    threads_.reserve(size);
    for (std::size_t index = 0; index < size; ++index) {
        threads_.push_back(std::make_unique<LoopThread>(std::string(name) + "-" + std::to_string(index), options));
    }
}

void LoopPool::stop() {
    for (auto& thread : threads_) thread->stop();
}

}  // namespace hocket
