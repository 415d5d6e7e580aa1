#include "process/channel.hpp"

#include <linux/futex.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>

#include "process/unix_message.hpp"

namespace hocket::detail {

void Bell::ring() noexcept {
    rings_.fetch_add(1, std::memory_order_seq_cst);
    if (sleeps_.load(std::memory_order_seq_cst) != 0) wake();
}

void Bell::wake() noexcept {
    // Not the private form: the sleeper is in another process.
    ::syscall(SYS_futex, &rings_, FUTEX_WAKE, INT_MAX);
}

Bell::Watch::~Watch() {
    // If the sleeper is up by now, it does no harm to take it for asleep.
    if (!relieves_) return;
    bell_.known_.store(seen_, std::memory_order_relaxed);
    bell_.sleeps_.store(1, std::memory_order_seq_cst);
    if (rung()) bell_.wake();
}

void Bell::wait(std::uint32_t seen, TimePoint deadline) noexcept {
    timespec until{};
    if (deadline != kNever) {
        const auto since = std::max<Duration::rep>(0, deadline.time_since_epoch().count());
        until.tv_sec = static_cast<time_t>(since / 1'000'000'000);
        until.tv_nsec = static_cast<long>(since % 1'000'000'000);
    }
    known_.store(seen, std::memory_order_relaxed);
    sleeps_.store(1, std::memory_order_seq_cst);
    if (rings() == seen) {
        ::syscall(SYS_futex, &rings_, FUTEX_WAIT_BITSET, seen, deadline == kNever ? nullptr : &until, nullptr,
                  FUTEX_BITSET_MATCH_ANY);
    }
    sleeps_.store(0, std::memory_order_relaxed);
}

Channel::Channel() : block_("hocket-channel", sizeof(ChannelMemory)), memory_(new (block_.data()) ChannelMemory) {}

Channel::Channel(OwnedDescriptor descriptor)
    : block_(std::move(descriptor)), memory_(std::launder(reinterpret_cast<ChannelMemory*>(block_.data()))) {
    if (block_.size() < sizeof(ChannelMemory)) throw std::runtime_error("hocket: a channel is too small");
}

void Channel::write(std::uint32_t position, Payload& payload) noexcept {
    Slot& slot = memory_->slot(position);
    slot.size = payload.size();
    if (payload.in_block()) {
        slot.place = PayloadPlace::block;
        slot.block = payload.block().number();
    } else if (payload.size() <= Payload::kInPlace) {
        slot.place = PayloadPlace::slot;
        std::memcpy(slot.data, payload.data(), payload.size());
    } else {
        slot.place = PayloadPlace::room;
        std::memcpy(memory_->room(position), payload.data(), payload.size());
    }
}

bool ChannelInbox::receive() {
    ChannelMessage message;
    std::size_t size = 0;
    std::vector<OwnedDescriptor> descriptors;
    if (receive_message(socket_, std::as_writable_bytes(std::span(&message, 1)), size, descriptors, MSG_DONTWAIT) !=
        Received::message)
        return false;
    switch (message.kind) {
        case ChannelMessage::Kind::block:
            blocks_.emplace_back(std::move(descriptors.at(0))).set_number(message.number);
            break;
        case ChannelMessage::Kind::drop_block:
            std::erase_if(blocks_, [&](const SharedBlock& block) { return block.number() == message.number; });
            break;
        case ChannelMessage::Kind::descriptors:
            descriptors_.emplace_back(message.number, std::move(descriptors));
            break;
    }
    return true;
}

SharedBlock& ChannelInbox::block(std::uint32_t number, std::size_t size) {
    for (;;) {
        for (SharedBlock& block : blocks_) {
            if (block.number() != number) continue;
            block.follow_growth(size);
            return block;
        }
        if (!receive()) throw std::runtime_error("hocket: the memory of a large message has not come with it");
    }
}

std::vector<OwnedDescriptor> ChannelInbox::descriptors(std::uint32_t position) {
    for (;;) {
        const auto found = std::find_if(descriptors_.begin(), descriptors_.end(),
                                        [&](const auto& each) { return each.first == position; });
        if (found != descriptors_.end()) {
            auto descriptors = std::move(found->second);
            descriptors_.erase(found);
            return descriptors;
        }
        if (!receive()) throw std::runtime_error("hocket: the descriptors of a message have not come with it");
    }
}

SharedBlock BlockCache::take(std::size_t size) {
    // The smallest that is large enough, or else the largest, which grows.
    auto best = kept_.end();
    for (auto each = kept_.begin(); each != kept_.end(); ++each) {
        const bool fits = each->size() >= size;
        if (best == kept_.end() || (fits ? best->size() < size || each->size() < best->size()
                                         : best->size() < size && each->size() > best->size()))
            best = each;
    }
    if (best == kept_.end()) {
        SharedBlock block("hocket-message", size);
        block.set_number(++last_number_);
        return block;
    }
    SharedBlock block = std::move(*best);
    kept_.erase(best);
    kept_bytes_ -= block.size();
    block.grow(size);
    return block;
}

std::uint32_t BlockCache::give_back(SharedBlock block) noexcept {
    if (kept_.size() < kMostKept && block.size() <= kMostBytes - kept_bytes_) {
        try {
            kept_.push_back(std::move(block));
            kept_bytes_ += kept_.back().size();
            return 0;
        } catch (const std::bad_alloc&) {
        }
    }
    block.discard();
    return block.number();
}

}  // namespace hocket::detail
