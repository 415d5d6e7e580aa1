// What a pool's workers run: jobs, and the forked halves of a computation.
#pragma once
#include <atomic>
#include <cstddef>
#include <exception>

#include "hocket/core/detail/spin_wait.hpp"

namespace hocket::detail {

class Worker;

/// An entry of a pool's queues.
class WorkItem {
public:
    WorkItem(const WorkItem&) = delete;
    WorkItem& operator=(const WorkItem&) = delete;
    /// Taken out of its queue: runs it on `worker`, unless somebody else has claimed it meanwhile.
    virtual void run(Worker& worker) noexcept = 0;
    /// Taken out of its queue by a pool that runs no more jobs: completes it with `error`, as cancelled or failed.
    /// Returns false if it has to be run nevertheless.
    virtual bool abandon(const std::exception_ptr& error, bool cancelled) noexcept = 0;
    /// Whether an entry is of no use any more, because its job was claimed. It is to be forgotten then, by forget().
    virtual bool claimed() const noexcept = 0;
    virtual void forget() noexcept = 0;
    /// Whether whatever queued it does not end before it.
    virtual bool joined_by_maker() const noexcept = 0;

protected:
    WorkItem() noexcept = default;
    ~WorkItem() = default;

private:
    friend class InjectionQueue;
    WorkItem* next_ = nullptr;
};

/// Work from outside of the pool: first in, first out. Any thread. A list under a spin lock, which is held for a few
/// instructions.
class InjectionQueue {
public:
    /// Returns false, and changes nothing, when the queue is closed.
    bool push(WorkItem& item) noexcept {
        const Lock lock(*this);
        if (closed_) return false;
        append(item);
        return true;
    }
    /// Also when it is closed.
    void push_back(WorkItem& item) noexcept {
        const Lock lock(*this);
        append(item);
    }
    WorkItem* pop() noexcept {
        if (size() == 0) return nullptr;
        const Lock lock(*this);
        WorkItem* item = head_;
        if (!item) return nullptr;
        head_ = item->next_;
        size_.store(size_.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
        return item;
    }
    void close() noexcept {
        const Lock lock(*this);
        closed_ = true;
    }
    /// How many there were a moment ago. In one order with push() and what its caller does next.
    std::size_t size() const noexcept { return size_.load(std::memory_order_seq_cst); }

private:
    class Lock {
    public:
        explicit Lock(InjectionQueue& queue) noexcept : queue_(queue) {
            SpinWait spin;
            while (queue_.locked_.exchange(true, std::memory_order_acquire)) {
                do spin.once();
                while (queue_.locked_.load(std::memory_order_relaxed));
            }
        }
        Lock(const Lock&) = delete;
        Lock& operator=(const Lock&) = delete;
        ~Lock() { queue_.locked_.store(false, std::memory_order_release); }

    private:
        InjectionQueue& queue_;
    };
    void append(WorkItem& item) noexcept {
        item.next_ = nullptr;
        (head_ ? tail_->next_ : head_) = &item;
        tail_ = &item;
        size_.store(size_.load(std::memory_order_relaxed) + 1, std::memory_order_seq_cst);
    }

    std::atomic<bool> locked_{false};
    bool closed_ = false;
    WorkItem* head_ = nullptr;
    WorkItem* tail_ = nullptr;
    std::atomic<std::size_t> size_{0};
};

}  // namespace hocket::detail
