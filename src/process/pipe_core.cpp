#include "hocket/process/detail/pipe_core.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <cstring>

#include "hocket/core/detail/descriptor_wait.hpp"
#include "hocket/core/errors.hpp"
#include "hocket/process/pipe.hpp"
#include "process/unix_message.hpp"

namespace hocket::detail {
namespace {

// What a message begins with; if it is in a block, that is its first descriptor.
struct MessageHead {
    std::uint64_t size = 0;
    std::uint64_t in_block = 0;
};
static_assert(sizeof(MessageHead) % Payload::kAlignment == 0);

[[noreturn]] void throw_closed() {
    throw PipeClosed("hocket: the other end of the pipe is closed: its processes have closed it or ended");
}

}  // namespace

int PipeCore::descriptor() const {
    if (!socket_) {
        throw InvalidStateError(
            "hocket: this end of a pipe is closed: by close(), or because it was handed over to another process");
    }
    return socket_.get();
}

bool PipeCore::try_send(Payload& message) const {
    const MessageHead head{message.size(), message.in_block()};
    std::vector<int> descriptors;
    if (message.in_block()) descriptors.push_back(message.block().descriptor());
    for (const OwnedDescriptor& each : message.descriptors()) descriptors.push_back(each.get());
    const std::array<std::span<const std::byte>, 2> parts{
        std::as_bytes(std::span(&head, 1)), message.in_block() ? std::span<const std::byte>() : message.bytes()};
    switch (send_parts(descriptor(), parts, descriptors, MSG_DONTWAIT)) {
        case Sent::yes:
            return true;
        case Sent::would_block:
            return false;
        case Sent::peer_gone:
            break;
    }
    throw_closed();
}

bool PipeCore::send(Payload& message, TimePoint deadline, std::source_location where) const {
    check_thread_cancelled();
    while (!try_send(message)) {
        if (!block_until_ready(descriptor(), POLLOUT, deadline, where)) return false;
    }
    return true;
}

std::optional<ReceivedPayload> PipeCore::try_receive() const {
    alignas(Payload::kAlignment) std::byte buffer[sizeof(MessageHead) + Payload::kLargest];
    std::size_t size = 0;
    std::vector<OwnedDescriptor> descriptors;
    switch (receive_message(descriptor(), buffer, size, descriptors, MSG_DONTWAIT)) {
        case Received::would_block:
            return std::nullopt;
        case Received::end:
            throw_closed();
        case Received::message:
            break;
    }
    MessageHead head;
    std::memcpy(&head, buffer, sizeof head);
    SharedBlock block;
    Payload payload;
    if (head.in_block) {
        block = SharedBlock(std::move(descriptors.at(0)));
        descriptors.erase(descriptors.begin());
    } else {
        payload.append(buffer + sizeof head, size - sizeof head);
    }
    return ReceivedPayload(std::move(payload), std::move(block), static_cast<std::size_t>(head.size),
                           std::move(descriptors));
}

std::optional<ReceivedPayload> PipeCore::receive(TimePoint deadline, std::source_location where) const {
    check_thread_cancelled();
    for (;;) {
        auto received = try_receive();
        if (received || !block_until_ready(descriptor(), POLLIN, deadline, where)) return received;
    }
}

bool PipeCore::wait_readable(TimePoint deadline, std::source_location where) const {
    return block_until_ready(descriptor(), POLLIN, deadline, where);
}

Descriptor& PipeCore::watched() {
    if (!watched_) watched_.reset(new Descriptor(duplicate_descriptor(descriptor()).release(), false));
    return *watched_;
}

Readiness PipeCore::readable() {
    Descriptor& descriptor = watched();
    descriptor.found_empty();
    return Readiness(descriptor, IoVerb::wait_readable);
}

Readiness PipeCore::writable() { return Readiness(watched(), IoVerb::wait_writable); }

std::pair<OwnedDescriptor, OwnedDescriptor> open_message_pipe() { return socket_pair(); }

}  // namespace hocket::detail
