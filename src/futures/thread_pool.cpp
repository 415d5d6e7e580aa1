#include "hocket/futures/thread_pool.hpp"

namespace hocket {

ThreadPool::ThreadPool(ThreadPoolOptions options) : core_(std::make_shared<detail::PoolCore>(std::move(options))) {
    if (const std::size_t places = core_->options().max_pending)
        room_ = std::make_shared<Semaphore>(static_cast<std::ptrdiff_t>(places));
}

ThreadPool::ThreadPool(std::size_t max_workers, std::string name)
    : ThreadPool(ThreadPoolOptions{.max_workers = max_workers, .name = std::move(name)}) {}

ThreadPool::~ThreadPool() { core_->finish(); }

void ThreadPool::shutdown(ShutdownOptions options, std::source_location where) {
    core_->close(options.cancel_pending);
    if (options.wait) core_->join(where);
}

std::size_t ThreadPool::concurrency() const noexcept { return core_->max_workers(); }

ThreadPoolStatistics ThreadPool::statistics() const { return core_->statistics(); }

const std::shared_ptr<Semaphore>* ThreadPool::room() noexcept {
    if (!room_) [[likely]]
        return nullptr;
    const detail::Worker* worker = detail::Worker::current();
    return worker && &worker->pool() == &*core_ ? nullptr : &room_;
}

void ThreadPool::execute(detail::Job& job) {
    job.set_pool(*core_);
    core_->submit(job);
}

}  // namespace hocket
