// Run queues: what is ready to run on one scheduler, posted by its own thread or by others.
#pragma once
#include <cstddef>
#include <cstdint>

#include "hocket/core/detail/atomic.hpp"

namespace hocket::detail {

/// Something that a scheduler runs once, linked into at most one queue at a time. Whoever posts it keeps it alive until
/// it runs.
class RunNode {
public:
    RunNode(const RunNode&) = delete;
    RunNode& operator=(const RunNode&) = delete;
    /// Runs on the scheduler's thread, after the node has left the queue.
    virtual void run() noexcept = 0;
    /// Called instead of run() when the scheduler ends before the node's turn.
    virtual void drop() noexcept {}

protected:
    RunNode() noexcept = default;
    ~RunNode() = default;

private:
    friend class LocalQueue;
    friend class RemoteQueue;
    friend class WaitQueue;
    friend class Waiter;
    RunNode* next_ = nullptr;
};

/// First in, first out; one thread only.
class LocalQueue {
public:
    bool empty() const noexcept { return head_ == nullptr; }

    void push(RunNode& node) noexcept { push(node, node); }
    /// A list of nodes, linked from the first to the last.
    void push(RunNode& first, RunNode& last) noexcept {
        last.next_ = nullptr;
        *(head_ ? &tail_->next_ : &head_) = &first;
        tail_ = &last;
    }

    /// The queue must not be empty.
    RunNode& pop() noexcept {
        RunNode& node = *head_;
        head_ = node.next_;
        __builtin_prefetch(head_);  // while this one runs
        return node;
    }

    /// Takes out the node at `index` (0 = first, clipped to the last): for run orders that a seed drives. O(index).
    RunNode& pop_at(std::size_t index) noexcept {
        RunNode* before = nullptr;
        RunNode* node = head_;
        for (; index > 0 && node->next_; --index) {
            before = node;
            node = node->next_;
        }
        *(before ? &before->next_ : &head_) = node->next_;
        if (tail_ == node) tail_ = before;
        return *node;
    }

private:
    RunNode* head_ = nullptr;
    RunNode* tail_ = nullptr;  // only meaningful while head_ is set
};

/// Many threads push, one takes everything. Lock-free, no allocation.
///
/// Invariant: `head_` is null (empty, consumer awake), `asleep()` (empty, the consumer sleeps or is about to), or the
/// newest node of a list linked towards the oldest. Only the consumer turns null into asleep(), and only by
/// compare-and-swap, so it cannot fall asleep over a node; the one push that replaces asleep() by a node owes the
/// consumer a wake-up and is told so. Orders: push releases and take acquires the node's contents; both sides agree by
/// the modification order of the one word, so no fence is needed. (The armed-in-the-head-word idea is known from
/// folly's notification queue.)
class RemoteQueue {
public:
    /// Any thread. Returns true when the consumer sleeps and this caller must wake it.
    bool push(RunNode& node) noexcept {
        RunNode* head = head_.load(std::memory_order_relaxed);
        do {
            node.next_ = head == asleep() ? nullptr : head;
        } while (!head_.compare_exchange_weak(head, &node, std::memory_order_acq_rel, std::memory_order_relaxed));
        return head == asleep();
    }

    /// Consumer: moves everything to the end of `ready`, oldest first, and is awake afterwards. Returns whether there
    /// was anything.
    bool take_all(LocalQueue& ready) noexcept {
        if (head_.load(std::memory_order_relaxed) == nullptr) return false;
        RunNode* const newest = head_.exchange(nullptr, std::memory_order_acq_rel);
        if (newest == asleep()) return false;
        RunNode* oldest = nullptr;
        for (RunNode* node = newest; node;) {
            RunNode* const next = node->next_;
            node->next_ = oldest;
            oldest = node;
            node = next;
        }
        ready.push(*oldest, *newest);
        return true;
    }

    /// Consumer: from now on a push asks for a wake-up. Returns false, and changes nothing, when something is queued.
    bool fall_asleep() noexcept {
        RunNode* empty = nullptr;
        return head_.compare_exchange_strong(empty, asleep(), std::memory_order_acq_rel, std::memory_order_relaxed);
    }

    bool empty() const noexcept {
        RunNode* head = head_.load(std::memory_order_relaxed);
        return head == nullptr || head == asleep();
    }

private:
    static RunNode* asleep() noexcept { return reinterpret_cast<RunNode*>(std::uintptr_t{1}); }
    Atomic<RunNode*> head_{nullptr};
};

}  // namespace hocket::detail
