// What a stream has read ahead.
#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace hocket::detail {

/// Bytes that come in at the end and go out at the beginning. Its memory is small until whole buffers come at once, and
/// shrinks again when they do not: most connections are idle most of the time.
class ReadBuffer {
public:
    static constexpr std::size_t kSmall = 2048;
    static constexpr std::size_t kLarge = 64 * 1024;

    ReadBuffer() noexcept = default;
    std::string_view data() const noexcept { return {memory_.get() + begin_, end_ - begin_}; }
    std::size_t size() const noexcept { return end_ - begin_; }
    bool empty() const noexcept { return begin_ == end_; }

    /// Room behind the data, for commit().
    std::span<char> prepare();
    /// `size` bytes have been put into the room.
    void commit(std::size_t size) noexcept;
    void consume(std::size_t size) noexcept;
    void append(std::string_view bytes);
    void clear() noexcept { consume(size()); }

private:
    void move_to(std::size_t capacity);
    std::unique_ptr<char[]> memory_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::size_t capacity_ = 0;
    std::size_t wanted_ = kSmall;  // the capacity that recent reads ask for
};

}  // namespace hocket::detail
