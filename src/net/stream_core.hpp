// The state of a stream, shared by its handle and the operations under way.
#pragma once
#include <memory>
#include <utility>

#include "hocket/net/detail/transport.hpp"
#include "hocket/net/stream.hpp"
#include "hocket/sync/lock.hpp"
#include "net/read_buffer.hpp"

namespace hocket::detail {

/// What the operations of a Stream work on; each keeps it alive. The end of the handle closes the transport, which ends
/// them.
class StreamCore {
public:
    explicit StreamCore(std::unique_ptr<Transport> beneath) noexcept : transport(std::move(beneath)) {}
    StreamCore(const StreamCore&) = delete;
    StreamCore& operator=(const StreamCore&) = delete;

    /// Claims the reading side for an operation.
    class Reading {
    public:
        /// Throws InvalidStateError if somebody else has it.
        explicit Reading(StreamCore& core);
        Reading(const Reading&) = delete;
        Reading& operator=(const Reading&) = delete;
        ~Reading() { core_.reading_ = false; }

    private:
        StreamCore& core_;
    };

    /// `co_await fill()` reads once more into the buffer and gives whether something came, rather than the end.
    class [[nodiscard]] Fill {
    public:
        class Awaiter final : public TaskAwaiter<std::size_t> {
        public:
            Awaiter(TaskAwaiter<std::size_t> read, ReadBuffer& buffer) noexcept
                : TaskAwaiter<std::size_t>(read), buffer_(buffer) {}
            bool await_resume() const {
                const std::size_t size = TaskAwaiter<std::size_t>::await_resume();
                buffer_.commit(size);
                return size > 0;
            }

        private:
            ReadBuffer& buffer_;
        };
        explicit Fill(StreamCore& core)
            : buffer_(core.buffer), read_(core.transport->read_some(core.buffer.prepare())) {}
        Awaiter operator co_await() && { return Awaiter(std::move(read_).operator co_await(), buffer_); }

    private:
        ReadBuffer& buffer_;
        Task<std::size_t> read_;
    };
    Fill fill() { return Fill(*this); }
    /// Takes the first `size` bytes out of the buffer.
    std::string take(std::size_t size);

    std::unique_ptr<Transport> transport;
    ReadBuffer buffer;
    Lock writers;  ///< held by the one who writes

private:
    bool reading_ = false;
};

}  // namespace hocket::detail
