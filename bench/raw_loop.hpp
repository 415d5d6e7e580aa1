// The least that work between threads can cost: an intrusive stack, and a wake-up only for a consumer that sleeps.
#pragma once
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>

#include "hocket/core/detail/spin_wait.hpp"

namespace raw {

struct Node {
    Node* next = nullptr;
};

/// Many producers, one consumer, who sleeps on an eventfd.
class Mailbox {
public:
    Mailbox() : wake_(::eventfd(0, EFD_CLOEXEC)) {}
    Mailbox(const Mailbox&) = delete;
    Mailbox& operator=(const Mailbox&) = delete;
    ~Mailbox() { ::close(wake_); }

    void post(Node& node) noexcept {
        Node* head = head_.load(std::memory_order_relaxed);
        do {
            node.next = head == asleep() ? nullptr : head;
        } while (!head_.compare_exchange_weak(head, &node, std::memory_order_acq_rel, std::memory_order_relaxed));
        const std::uint64_t one = 1;
        if (head == asleep() && ::write(wake_, &one, sizeof one) < 0) __builtin_trap();
    }
    /// Everything posted, newest first; looks for `spin` before it sleeps.
    Node* take(std::chrono::nanoseconds spin) noexcept {
        if (Node* nodes = head_.exchange(nullptr, std::memory_order_acq_rel)) return nodes;
        if (spin.count() > 0) {
            const auto until = std::chrono::steady_clock::now() + spin;
            do {
                for (int i = 0; i < 32; ++i) {
                    if (head_.load(std::memory_order_relaxed))
                        return head_.exchange(nullptr, std::memory_order_acq_rel);
                    hocket::detail::pause_spinning();
                }
            } while (std::chrono::steady_clock::now() < until);
        }
        Node* nodes = nullptr;
        if (head_.compare_exchange_strong(nodes, asleep(), std::memory_order_acq_rel)) {
            std::uint64_t count = 0;
            if (::read(wake_, &count, sizeof count) < 0) __builtin_trap();
        }
        return head_.exchange(nullptr, std::memory_order_acq_rel);
    }

private:
    static Node* asleep() noexcept { return reinterpret_cast<Node*>(std::uintptr_t{1}); }
    alignas(64) std::atomic<Node*> head_{nullptr};
    int wake_;
};

}  // namespace raw
