// An end of a pipe of messages, without their types.
#pragma once
#include <memory>
#include <optional>
#include <source_location>
#include <utility>

#include "hocket/core/clock.hpp"
#include "hocket/net/detail/io_awaiters.hpp"
#include "hocket/process/detail/owned_descriptor.hpp"
#include "hocket/process/detail/payload.hpp"

namespace hocket::detail {

/// A message that has arrived, with the memory that it is in.
class ReceivedPayload {
public:
    ReceivedPayload(Payload payload, SharedBlock block, std::size_t size,
                    std::vector<OwnedDescriptor> descriptors) noexcept
        : payload_(std::move(payload)), block_(std::move(block)), size_(size), descriptors_(std::move(descriptors)) {}
    PayloadReader reader() {
        return PayloadReader(block_ ? std::span<const std::byte>(block_.data(), size_) : payload_.bytes(),
                             std::move(descriptors_));
    }

private:
    Payload payload_;
    SharedBlock block_;
    std::size_t size_;
    std::vector<OwnedDescriptor> descriptors_;
};

/// One message is one message of a Unix socket that keeps bounds, so several threads and processes may send and receive
/// at the same time. Large ones are in a block that comes with it.
class PipeCore {
public:
    explicit PipeCore(OwnedDescriptor socket) noexcept : socket_(std::move(socket)) {}
    PipeCore(PipeCore&&) noexcept = default;
    PipeCore& operator=(PipeCore&&) noexcept = default;
    ~PipeCore() = default;

    bool open() const noexcept { return static_cast<bool>(socket_); }
    /// Throws InvalidStateError if it is closed.
    int descriptor() const;
    void close() noexcept {
        watched_.reset();
        socket_ = OwnedDescriptor();
    }
    OwnedDescriptor release() noexcept {
        watched_.reset();
        return std::move(socket_);
    }
    /// False when the pipe is full. Throws PipeClosed, std::system_error.
    bool try_send(Payload& message) const;
    /// False when there is no room before `deadline`.
    bool send(Payload& message, TimePoint deadline, std::source_location where) const;
    /// Nothing when there is no message. Throws PipeClosed when none will come, std::system_error.
    std::optional<ReceivedPayload> try_receive() const;
    std::optional<ReceivedPayload> receive(TimePoint deadline, std::source_location where) const;
    /// Whether a message, or the end, is there before `deadline`.
    bool wait_readable(TimePoint deadline, std::source_location where) const;
    /// To be awaited after a try that has failed.
    Readiness readable();
    Readiness writable();

private:
    // On the loop that waits.
    struct CloseDescriptor {
        void operator()(Descriptor* descriptor) const noexcept { descriptor->close(); }
    };
    Descriptor& watched();
    OwnedDescriptor socket_;
    std::unique_ptr<Descriptor, CloseDescriptor> watched_;
};

std::pair<OwnedDescriptor, OwnedDescriptor> open_message_pipe();

}  // namespace hocket::detail
