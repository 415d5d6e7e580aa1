#include "hocket/process/detail/payload.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace hocket::detail {

void Payload::reserve(std::size_t more) {
    if (more > static_cast<std::size_t>(-1) / 4 - size_) throw std::length_error("hocket: a message is too long");
    const std::size_t needed = size_ + more;
    if (block_) {
        block_.grow(std::max(needed, 2 * block_.size()));
    } else if (needed <= kLargest) {
        std::vector<std::byte> heap(std::min(kLargest, std::max(needed, 4 * capacity_)));
        std::memcpy(heap.data(), data_, size_);
        heap_ = std::move(heap);
        data_ = heap_.data();
        capacity_ = heap_.size();
        return;
    } else {
        SharedBlock block = source_ ? source_->take(needed) : SharedBlock("hocket-message", needed);
        std::memcpy(block.data(), data_, size_);
        block_ = std::move(block);
        heap_.clear();
        heap_.shrink_to_fit();
    }
    data_ = block_.data();
    capacity_ = block_.size();
}

void Payload::take_from(Payload& other) noexcept {
    heap_ = std::move(other.heap_);
    block_ = std::move(other.block_);
    source_ = other.source_;
    descriptors_ = std::move(other.descriptors_);
    size_ = other.size_;
    capacity_ = other.capacity_;
    if (block_) {
        data_ = block_.data();
    } else if (!heap_.empty()) {
        data_ = heap_.data();
    } else {
        std::memcpy(in_place_.data(), other.in_place_.data(), size_);
        data_ = in_place_.data();
    }
    other.heap_.clear();
    other.descriptors_.clear();
    other.data_ = other.in_place_.data();
    other.size_ = 0;
    other.capacity_ = kInPlace;
}

OwnedDescriptor PayloadReader::take_descriptor() {
    if (next_descriptor_ == descriptors_.size()) {
        throw std::runtime_error(
            "hocket: a message from another process has fewer descriptors than its reader asks for: a type's save() "
            "and its constructor from an archive do not agree");
    }
    return std::move(descriptors_[next_descriptor_++]);
}

void PayloadReader::throw_ended_early(std::size_t size) const {
    throw std::runtime_error("hocket: a message from another process ended early: " + std::to_string(size) +
                             " bytes were asked for, " + std::to_string(left()) +
                             " are left: a type's save() and load() do not agree");
}

}  // namespace hocket::detail
