#include "hocket/process/process_pool.hpp"

#include "hocket/process/detail/process_setup.hpp"
#include "process/process_pool_core.hpp"

namespace hocket {

ProcessPool::ProcessPool(ProcessPoolOptions options) {
    detail::require_init("make a ProcessPool");
    core_ = std::make_shared<detail::ProcessPoolCore>(std::move(options));
    // A job that runs has its place still, so there is one more for each worker.
    if (const std::size_t places = core_->options().max_pending)
        room_ = std::make_shared<Semaphore>(static_cast<std::ptrdiff_t>(places + core_->max_workers()));
    core_->begin();
}

ProcessPool::ProcessPool(std::size_t max_workers, std::string name)
    : ProcessPool(ProcessPoolOptions{.max_workers = max_workers, .name = std::move(name)}) {}

ProcessPool::~ProcessPool() { core_->finish(); }

void ProcessPool::shutdown(ShutdownOptions options, std::source_location where) {
    core_->close(options.cancel_pending);
    if (options.wait) core_->join(where);
}

std::size_t ProcessPool::concurrency() const noexcept { return core_->max_workers(); }

ProcessPoolStatistics ProcessPool::statistics() const { return core_->statistics(); }

std::vector<int> ProcessPool::worker_pids() const { return core_->worker_pids(); }

detail::BlockSource* ProcessPool::block_source() const noexcept { return &*core_; }

const std::shared_ptr<Semaphore>* ProcessPool::room() const noexcept {
    if (!room_) [[likely]]
        return nullptr;
    return core_->on_keeper() ? nullptr : &room_;
}

void ProcessPool::submit_job(detail::RemoteJob& job) { core_->submit(job); }

}  // namespace hocket
