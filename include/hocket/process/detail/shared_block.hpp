// Memory that can be handed to another process by its descriptor.
#pragma once
#include <cstddef>
#include <cstdint>
#include <utility>

#include "hocket/process/detail/owned_descriptor.hpp"

namespace hocket::detail {

/// A mapped memfd: it has no name in any file system, and is gone when the last process that has it is. Not
/// thread-safe.
class SharedBlock {
public:
    SharedBlock() noexcept = default;
    /// New, zero-filled, of at least `size` bytes. `name` shows in /proc. Throws std::system_error.
    SharedBlock(const char* name, std::size_t size);
    /// Maps what another process has made. Throws std::system_error.
    explicit SharedBlock(OwnedDescriptor descriptor);
    SharedBlock(SharedBlock&& other) noexcept
        : descriptor_(std::move(other.descriptor_)),
          data_(std::exchange(other.data_, nullptr)),
          size_(std::exchange(other.size_, 0)),
          number_(std::exchange(other.number_, 0)) {}
    SharedBlock& operator=(SharedBlock&& other) noexcept {
        SharedBlock moved(std::move(other));
        std::swap(descriptor_, moved.descriptor_);
        std::swap(data_, moved.data_);
        std::swap(size_, moved.size_);
        std::swap(number_, moved.number_);
        return *this;
    }
    ~SharedBlock();

    explicit operator bool() const noexcept { return data_ != nullptr; }
    std::byte* data() const noexcept { return data_; }
    std::size_t size() const noexcept { return size_; }
    int descriptor() const noexcept { return descriptor_.get(); }
    /// What its maker calls it; 0 if it has no number.
    std::uint32_t number() const noexcept { return number_; }
    void set_number(std::uint32_t number) noexcept { number_ = number; }
    /// Makes it at least `size` bytes. What is in it stays, without being copied, but may be elsewhere. Throws
    /// std::system_error.
    void grow(std::size_t size);
    /// Maps as much of it as another process has made it grow to, `size` bytes at least. Throws std::system_error.
    void follow_growth(std::size_t size);
    /// Nobody else will be handed it; what is mapped stays.
    void close_descriptor() noexcept { descriptor_ = OwnedDescriptor(); }
    /// Gives its memory back to the system, whoever else has it mapped. Its contents are lost.
    void discard() noexcept;

private:
    void map_again(std::size_t size);
    OwnedDescriptor descriptor_;
    std::byte* data_ = nullptr;
    std::size_t size_ = 0;
    std::uint32_t number_ = 0;
};

}  // namespace hocket::detail
