#include "net/read_buffer.hpp"

#include <algorithm>
#include <cstring>

namespace hocket::detail {

std::span<char> ReadBuffer::prepare() {
    constexpr std::size_t kLeastRoom = kSmall / 2;
    if (capacity_ - end_ < kLeastRoom) move_to(std::max(wanted_, size() > capacity_ / 2 ? 2 * capacity_ : capacity_));
    return {memory_.get() + end_, capacity_ - end_};
}

void ReadBuffer::commit(std::size_t size) noexcept {
    if (size == capacity_ - end_) {
        wanted_ = std::min(4 * wanted_, kLarge);
    } else if (size < kSmall) {
        wanted_ = kSmall;
    }
    end_ += size;
}

void ReadBuffer::consume(std::size_t size) noexcept {
    begin_ += size;
    if (begin_ < end_) return;
    begin_ = end_ = 0;
    if (capacity_ == wanted_) return;
    memory_.reset();
    capacity_ = 0;
}

void ReadBuffer::append(std::string_view bytes) {
    if (bytes.empty()) return;
    if (capacity_ - end_ < bytes.size()) move_to(std::max(wanted_, size() + bytes.size()));
    std::memcpy(memory_.get() + end_, bytes.data(), bytes.size());
    end_ += bytes.size();
}

void ReadBuffer::move_to(std::size_t capacity) {
    if (capacity == capacity_) {
        std::memmove(memory_.get(), memory_.get() + begin_, size());
    } else {
        auto memory = std::make_unique_for_overwrite<char[]>(capacity);
        if (!empty()) std::memcpy(memory.get(), memory_.get() + begin_, size());
        memory_ = std::move(memory);
        capacity_ = capacity;
    }
    end_ -= begin_;
    begin_ = 0;
}

}  // namespace hocket::detail
