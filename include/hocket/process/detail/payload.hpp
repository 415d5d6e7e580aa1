// The bytes of a message to another process, and the descriptors that go with them.
#pragma once
#include <array>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "hocket/process/detail/owned_descriptor.hpp"
#include "hocket/process/detail/shared_block.hpp"

namespace hocket::detail {

/// Where the memory for large messages comes from.
class BlockSource {
public:
    BlockSource(const BlockSource&) = delete;
    BlockSource& operator=(const BlockSource&) = delete;
    /// A block of at least `size` bytes, perhaps one that was used before. Throws std::system_error.
    virtual SharedBlock take(std::size_t size) = 0;
    /// Takes back what is not needed any more.
    virtual void give_back(SharedBlock block) noexcept = 0;

protected:
    BlockSource() noexcept = default;
    ~BlockSource() = default;
};

/// A message that is being written: small ones in place, those in the middle on the heap, large ones at once in memory
/// that the receiver maps, so that they are copied only once. Its data are aligned to kAlignment.
class Payload {
public:
    static constexpr std::size_t kAlignment = 16;
    /// What fits into the object itself.
    static constexpr std::size_t kInPlace = 192;
    /// What is larger than this is in a block.
    static constexpr std::size_t kLargest = 16384;

    /// `source`: for large messages, which must outlive this; null: each has a block of its own.
    explicit Payload(BlockSource* source = nullptr) noexcept : source_(source) {}
    Payload(Payload&& other) noexcept : Payload() { take_from(other); }
    Payload& operator=(Payload&& other) noexcept {
        if (this == &other) return *this;
        give_back_block();
        take_from(other);
        return *this;
    }
    ~Payload() { give_back_block(); }

    /// Throws std::bad_alloc, or std::system_error where there is no memory to share.
    void append(const void* bytes, std::size_t size) {
        if (size == 0) return;
        std::memcpy(extend(size), bytes, size);
    }
    /// Room for `size` more bytes, uninitialised.
    std::byte* extend(std::size_t size) {
        if (size > capacity_ - size_) [[unlikely]]
            reserve(size);
        std::byte* place = data_ + size_;
        size_ += size;
        return place;
    }
    /// Fills up so that what comes next is aligned to `alignment`, a power of two not above kAlignment.
    void align(std::size_t alignment) {
        if (const std::size_t over = size_ & (alignment - 1))
            std::memset(extend(alignment - over), 0, alignment - over);
    }
    void attach(OwnedDescriptor descriptor) { descriptors_.push_back(std::move(descriptor)); }

    std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }
    std::byte* data() const noexcept { return data_; }
    std::size_t size() const noexcept { return size_; }
    const std::vector<OwnedDescriptor>& descriptors() const noexcept { return descriptors_; }
    std::vector<OwnedDescriptor>& descriptors() noexcept { return descriptors_; }
    /// Where a large message is; empty for others.
    SharedBlock& block() noexcept { return block_; }
    bool in_block() const noexcept { return static_cast<bool>(block_); }

private:
    void give_back_block() noexcept {
        if (block_ && source_) source_->give_back(std::move(block_));
    }
    void reserve(std::size_t more);
    void take_from(Payload& other) noexcept;

    alignas(kAlignment) std::array<std::byte, kInPlace> in_place_;
    std::byte* data_ = in_place_.data();
    std::size_t size_ = 0;
    std::size_t capacity_ = kInPlace;
    std::vector<std::byte> heap_;
    SharedBlock block_;
    BlockSource* source_ = nullptr;
    std::vector<OwnedDescriptor> descriptors_;
};

/// A message that is being read.
class PayloadReader {
public:
    /// `data` is aligned to Payload::kAlignment. Descriptors that nobody takes are closed.
    explicit PayloadReader(std::span<const std::byte> data, std::vector<OwnedDescriptor> descriptors = {}) noexcept
        : begin_(data.data()),
          at_(data.data()),
          end_(data.data() + data.size()),
          descriptors_(std::move(descriptors)) {}

    std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }
    /// The next `size` bytes, in place. Throws std::runtime_error when there are not so many.
    const std::byte* take(std::size_t size) {
        if (size > left()) [[unlikely]]
            throw_ended_early(size);
        const std::byte* place = at_;
        at_ += size;
        return place;
    }
    void read(void* to, std::size_t size) {
        const std::byte* from = take(size);
        if (size > 0) std::memcpy(to, from, size);
    }
    void align(std::size_t alignment) {
        if (const std::size_t over = static_cast<std::size_t>(at_ - begin_) & (alignment - 1)) take(alignment - over);
    }
    /// The next descriptor. Throws std::runtime_error when there is none left.
    OwnedDescriptor take_descriptor();

private:
    [[noreturn]] void throw_ended_early(std::size_t size) const;
    const std::byte* begin_;
    const std::byte* at_;
    const std::byte* end_;
    std::vector<OwnedDescriptor> descriptors_;
    std::size_t next_descriptor_ = 0;
};

}  // namespace hocket::detail
