// One range of indices, worked at by several threads.
#pragma once
#include <algorithm>
#include <atomic>
#include <chrono>
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
    /// What one thread does of it.
    class Part {
    public:
        explicit Part(const ChunkRun& run) noexcept : run_(run) {}
        Part(const Part&) = delete;
        Part& operator=(const Part&) = delete;
        /// Whether there is a reason to go on: false if another thread has failed. Throws CancelledError if this one is
        /// cancelled.
        bool goes_on() const {
            if (run_.failed_.load(std::memory_order_relaxed)) return false;
            const ThreadCanceller* canceller = ThreadCanceller::current();
            if (canceller && canceller->pending()) [[unlikely]]
                canceller->throw_cancelled();
            return true;
        }
        /// Calls `item(i)` for i from `begin` to `end`, while it goes on; returns whether it has come to the end.
        template <class Item>
        bool each(std::size_t begin, std::size_t end, Item&& item) {
            for (;;) {
                const std::size_t stop = begin + std::min(end - begin, step_);
                const bool whole = stop - begin == step_;
                for (; begin < stop; ++begin) item(begin);
                if (begin == end) return true;
                if (!goes_on()) return false;
                if (whole && step_ < kMostUnseen) adapt();
            }
        }

    private:
        // How many items are worked at before it looks again: one if they take long, and if they are short so many that
        // looking costs nothing beside them.
        static constexpr std::size_t kMostUnseen = 2048;
        void adapt() {
            const auto now = std::chrono::steady_clock::now();
            if (now - looked_ < kLookAgain) {
                step_ *= 2;
            } else if (step_ > 1) {
                step_ /= 2;
            }
            looked_ = now;
        }
        static constexpr std::chrono::microseconds kLookAgain{20};
        const ChunkRun& run_;
        std::size_t step_ = 1;
        std::chrono::steady_clock::time_point looked_ = std::chrono::steady_clock::now();
    };

    /// `chunk` 0: as is best for the executor.
    ChunkRun(Executor& executor, std::size_t size, std::size_t chunk) noexcept
        : executor_(executor), size_(size), chunk_(chunk ? chunk : size / (kChunksEach * executor.concurrency())) {
        chunk_ = std::max<std::size_t>(chunk_, 1);
    }
    ChunkRun(const ChunkRun&) = delete;
    ChunkRun& operator=(const ChunkRun&) = delete;

    std::size_t chunks() const noexcept { return size_ / chunk_ + (size_ % chunk_ != 0); }

    /// Calls `body(part, chunk, begin, end)` for each chunk, until one throws or the calling thread is cancelled. Once.
    /// Throws DeadlockError on the thread of an event loop.
    template <class Body>
    void run(Body&& body, std::source_location where) {
        refuse_on_loop("a computation that is divided among threads", "let run_in_executor() call it");
        const auto work = [this, &body] {
            Part part(*this);
            try {
                for (;;) {
                    const std::size_t index = next_.fetch_add(1, std::memory_order_relaxed);
                    if (index >= chunks() || !part.goes_on()) return;
                    body(part, index, index * chunk_, std::min(size_, (index + 1) * chunk_));
                }
            } catch (...) {
                fail(std::current_exception());
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
        if (threads > 1) helpers.reserve(threads - 1);  // none that was submitted may be lost
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
    std::atomic<bool> failed_{false};
    std::mutex error_mutex_;
    std::exception_ptr error_;  // the first
    // Written for each chunk: not beside what is only read.
    alignas(64) std::atomic<std::size_t> next_{0};
};

}  // namespace hocket::detail
