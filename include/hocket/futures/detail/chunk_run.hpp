// One range of indices, worked at by several threads.
#pragma once
#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <source_location>
#include <vector>

#include "hocket/futures/executor.hpp"

namespace hocket::detail {

/// Divides [0, size) into chunks, which the calling thread and helpers, jobs of an executor, take one after another. It
/// waits for the helpers that have begun and withdraws the others, so that a busy executor does not hold it up.
class ChunkRun {
public:
    /// `chunk` 0: as is best for the executor.
    ChunkRun(Executor& executor, std::size_t size, std::size_t chunk) noexcept
        : executor_(executor), size_(size), chunk_(chunk ? chunk : size / (kChunksEach * executor.concurrency())) {
        chunk_ = std::max<std::size_t>(chunk_, 1);
    }
    ChunkRun(const ChunkRun&) = delete;
    ChunkRun& operator=(const ChunkRun&) = delete;

    std::size_t chunks() const noexcept { return size_ / chunk_ + (size_ % chunk_ != 0); }

    /// Calls `body(chunk, begin, end)` for each chunk. Once.
    template <class Body>
    void run(Body&& body, std::source_location where) {
        const auto work = [this, &body] {
            for (;;) {
                const std::size_t index = next_.fetch_add(1, std::memory_order_relaxed);
                if (index >= chunks()) return;
                try {
                    body(index, index * chunk_, std::min(size_, (index + 1) * chunk_));
                } catch (...) {
                    fail(std::current_exception());
                    return;
                }
            }
        };
        std::vector<Future<void>> helpers;
        try {
            add_helpers(helpers, work);
        } catch (...) {
            fail(std::current_exception());
        }
        work();
        join(helpers, where);
    }

private:
    static constexpr std::size_t kChunksEach = 8;

    template <class Work>
    void add_helpers(std::vector<Future<void>>& helpers, const Work& work) {
        const std::size_t threads = std::min(executor_.concurrency(), chunks());
        for (std::size_t i = 1; i < threads; ++i) {
            auto helper = executor_.try_submit(std::cref(work));
            if (!helper) return;
            helpers.push_back(std::move(*helper));
        }
    }
    void fail(std::exception_ptr error) noexcept;
    void join(const std::vector<Future<void>>& helpers, std::source_location where);

    Executor& executor_;
    const std::size_t size_;
    std::size_t chunk_;
    std::atomic<std::size_t> next_{0};
    std::mutex error_mutex_;
    std::exception_ptr error_;  // the first
};

}  // namespace hocket::detail
