// Messages in the order in which they came, in memory that goes back as soon as they are read.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "hocket/core/detail/frame_allocator.hpp"

namespace hocket::detail {

/// First in, first out: a list of chunks, each twice as large as the one before up to 2 KiB, from the frame heap. An
/// empty chain owns no memory, so that a hundred thousand idle mailboxes cost nothing, and a whole chain changes hands
/// by three pointers.
///
/// Used by one thread at a time, but for size(), which is a hint to others.
template <class M>
class MessageChain {
    static_assert(std::is_nothrow_move_constructible_v<M>,
                  "hocket: moving a message must not throw (noexcept); send a std::unique_ptr to it");

public:
    MessageChain() noexcept = default;
    MessageChain(const MessageChain&) = delete;
    MessageChain& operator=(const MessageChain&) = delete;
    ~MessageChain() { clear(); }

    std::uint32_t size() const noexcept { return size_.load(std::memory_order_relaxed); }
    bool empty() const noexcept { return size() == 0; }

    /// Leaves `message` alone if it throws (std::bad_alloc).
    void push(M&& message) {
        if (!last_ || last_->end == last_->room) [[unlikely]]
            grow();
        std::construct_at(last_->entry(last_->end), std::move(message));
        ++last_->end;
        set_size(size() + 1);
    }
    /// The chain must not be empty.
    M pop() noexcept {
        const Taken taken(*this);
        return std::move(*taken.entry);
    }
    /// Takes over the messages of `other`; this chain must be empty.
    void take_all(MessageChain& other) noexcept {
        std::swap(first_, other.first_);
        std::swap(last_, other.last_);
        const std::uint32_t size = other.size();
        other.set_size(this->size());
        set_size(size);
    }
    void clear() noexcept {
        while (!empty()) const Taken destroyed(*this);
        if (first_) release_first();
    }

private:
    struct Chunk {
        explicit Chunk(std::uint32_t room) noexcept : room(room) {}
        M* entry(std::uint32_t index) noexcept {
            return reinterpret_cast<M*>(reinterpret_cast<char*>(this) + kHead) + index;
        }
        Chunk* next = nullptr;
        const std::uint32_t room;
        std::uint32_t begin = 0, end = 0;
    };
    static constexpr std::size_t kAlignment = alignof(M) > alignof(Chunk) ? alignof(M) : alignof(Chunk);
    static constexpr std::size_t kHead = (sizeof(Chunk) + alignof(M) - 1) / alignof(M) * alignof(M);
    static constexpr std::size_t kFirst = 96;  // bytes: a few small messages
    static constexpr bool kFromHeap = kAlignment <= 16;

    // The first message of the chain; it has left when this goes.
    struct Taken {
        explicit Taken(MessageChain& chain) noexcept : chain(chain), entry(chain.first_->entry(chain.first_->begin)) {}
        Taken(const Taken&) = delete;
        Taken& operator=(const Taken&) = delete;
        ~Taken() {
            std::destroy_at(entry);
            chain.set_size(chain.size() - 1);
            if (++chain.first_->begin == chain.first_->end) chain.release_first();
        }
        MessageChain& chain;
        M* const entry;
    };

    static constexpr std::size_t bytes_of(std::size_t room) noexcept { return kHead + room * sizeof(M); }
    void grow() {
        std::size_t bytes = last_ ? 2 * bytes_of(last_->room) : kFirst;
        if (bytes > FrameHeap::kLargest) bytes = FrameHeap::kLargest;
        const std::size_t room = bytes >= bytes_of(1) ? (bytes - kHead) / sizeof(M) : 1;
        void* memory = nullptr;
        if constexpr (kFromHeap) {
            memory = FrameHeap::allocate(bytes_of(room));
        } else {
            memory = ::operator new(bytes_of(room), std::align_val_t(kAlignment));
        }
        auto* chunk = ::new (memory) Chunk(static_cast<std::uint32_t>(room));
        *(last_ ? &last_->next : &first_) = chunk;
        last_ = chunk;
    }
    void release_first() noexcept {
        Chunk* chunk = first_;
        first_ = chunk->next;
        if (!first_) last_ = nullptr;
        if constexpr (kFromHeap) {
            FrameHeap::deallocate(chunk, bytes_of(chunk->room));
        } else {
            ::operator delete(chunk, std::align_val_t(kAlignment));
        }
    }
    void set_size(std::uint32_t size) noexcept { size_.store(size, std::memory_order_relaxed); }

    Chunk* first_ = nullptr;
    Chunk* last_ = nullptr;
    std::atomic<std::uint32_t> size_{0};
};

}  // namespace hocket::detail
