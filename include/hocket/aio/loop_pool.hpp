// LoopPool: several event loops, each on its own thread.
#pragma once
#include <atomic>
#include <cstddef>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

#include "hocket/aio/loop_thread.hpp"

namespace hocket {

/// One event loop per core, for a program that has more to do than one can. A task stays on the loop on which it was
/// started. To share the connections of a server among them, start it on each with `reuse_port`:
///
///     LoopPool loops;
///     auto servers = loops.run_on_each([&](std::size_t) { return serve(port); });
///
/// Shutdown: stop(), which the destructor calls, stops one loop after another, as LoopThread::stop() does. submit() and
/// next_loop() are for any thread.
class LoopPool {
public:
    /// `size` loops, 0 for as many as there are processors that this program may use. Their threads are called
    /// "<name>-0" and so on. Throws as LoopThread does.
    explicit LoopPool(std::size_t size = 0, std::string_view name = "loop", LoopOptions options = LoopOptions());
    LoopPool(const LoopPool&) = delete;
    LoopPool& operator=(const LoopPool&) = delete;

    std::size_t size() const noexcept { return threads_.size(); }
    /// Throws std::out_of_range.
    EventLoop& loop(std::size_t index) { return threads_.at(index)->loop(); }

    /// The loops in turn.
    EventLoop& next_loop() noexcept { return threads_[next_.fetch_add(1, std::memory_order_relaxed) % size()]->loop(); }
    /// Hands `task` to the loops in turn, see run_coroutine_threadsafe().
    template <class T>
    Future<T> submit(Task<T> task, std::string_view name = {},
                     std::source_location where = std::source_location::current()) {
        return run_coroutine_threadsafe(std::move(task), next_loop(), name, where);
    }
    /// Runs the Task that `make(index)` returns on the loop of that index, for each; returns their Futures. `make`,
    /// which is called on those loops, lives until all have ended.
    template <class Make>
    auto run_on_each(Make make, std::string_view name = {},
                     std::source_location where = std::source_location::current()) {
        using T = typename std::invoke_result_t<Make&, std::size_t>::Result;
        const auto shared = std::make_shared<Make>(std::move(make));
        std::vector<Future<T>> futures;
        futures.reserve(size());
        for (std::size_t index = 0; index < size(); ++index)
            futures.push_back(run_coroutine_threadsafe(run_one<T>(shared, index), loop(index), name, where));
        return futures;
    }
    void stop();

private:
    template <class T, class Make>
    static Task<T> run_one(std::shared_ptr<Make> make, std::size_t index) {
        co_return co_await (*make)(index);
    }
    std::vector<std::unique_ptr<LoopThread>> threads_;
    std::atomic<std::size_t> next_{0};
};

}  // namespace hocket
