// Pipe: typed messages between processes.
#pragma once
#include <chrono>
#include <optional>
#include <source_location>
#include <stdexcept>
#include <utility>

#include "hocket/aio/task.hpp"
#include "hocket/process/archive.hpp"
#include "hocket/process/detail/pipe_core.hpp"

namespace hocket {

/// The other end of a Pipe is closed in all processes, or they have ended: no message will come, and none can be sent.
class PipeClosed : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// One end of a Pipe. Messages are values that can travel, see archive.hpp; they arrive whole and in their order.
///
/// Move-only. As an argument or a message, it is handed over with std::move: the other process has it then, and this
/// one has not, so that either side notices when the other has closed its end or died.
///
/// Any number of threads may send and receive. The async_ forms belong to the event loop on which the first was used,
/// and so does the destruction then; one task at a time may wait in each direction.
template <class Sends, class Receives = Sends>
class PipeEnd {
public:
    /// Blocks while the pipe is full (some 200 KB). Throws PipeClosed when nobody has the other end, CancelledError
    /// when the thread is cancelled: nothing was sent then.
    void send(const Sends& message, std::source_location where = std::source_location::current()) const {
        detail::Payload payload = written(message);
        (void)core_.send(payload, kNever, where);
    }
    /// The same, but gives up after `limit`: false.
    template <class Rep, class Period>
    [[nodiscard]] bool send_for(const Sends& message, std::chrono::duration<Rep, Period> limit,
                                std::source_location where = std::source_location::current()) const {
        detail::Payload payload = written(message);
        return core_.send(payload, detail::deadline_after(limit), where);
    }
    /// Blocks until there is a message. What was sent before the other end closed still arrives; then it throws
    /// PipeClosed. CancelledError when the thread is cancelled.
    Receives recv(std::source_location where = std::source_location::current()) const {
        auto received = core_.receive(kNever, where);
        return read(*received);
    }
    /// The same, but gives up after `limit`.
    template <class Rep, class Period>
    [[nodiscard]] std::optional<Receives> recv_for(std::chrono::duration<Rep, Period> limit,
                                                   std::source_location where = std::source_location::current()) const {
        auto received = core_.receive(detail::deadline_after(limit), where);
        return received ? std::optional<Receives>(read(*received)) : std::nullopt;
    }
    /// A message, if one is there.
    [[nodiscard]] std::optional<Receives> try_recv() const {
        auto received = core_.try_receive();
        return received ? std::optional<Receives>(read(*received)) : std::nullopt;
    }
    /// Whether recv() would not block, within `limit`: a message is there, or the other end is closed.
    template <class Rep, class Period>
    [[nodiscard]] bool poll(std::chrono::duration<Rep, Period> limit,
                            std::source_location where = std::source_location::current()) const {
        return core_.wait_readable(detail::deadline_after(limit), where);
    }

    /// `co_await end.async_recv()`: recv() for a task.
    Task<Receives> async_recv() {
        for (;;) {
            std::optional<detail::ReceivedPayload> received = core_.try_receive();
            if (received) co_return read(*received);
            co_await core_.readable();
        }
    }
    /// `co_await end.async_send(message)`: send() for a task.
    Task<void> async_send(Sends message) {
        detail::Payload payload = written(message);
        for (;;) {
            const bool sent = core_.try_send(payload);
            if (sent) co_return;
            co_await core_.writable();
        }
    }

    /// Closes it: the other end gets what was sent, then PipeClosed.
    void close() noexcept { core_.close(); }
    bool closed() const noexcept { return !core_.open(); }
    /// The socket, to be waited for elsewhere. Throws InvalidStateError if it is closed.
    int fileno() const { return core_.descriptor(); }

    /// Hands it over to another process.
    void save(OutputArchive& archive) const {
        archive.attach(core_.descriptor());
        core_.close();
    }
    explicit PipeEnd(InputArchive& archive) : core_(detail::OwnedDescriptor(archive.take_descriptor())) {}
    /// For the library.
    explicit PipeEnd(detail::OwnedDescriptor socket) noexcept : core_(std::move(socket)) {}

private:
    static detail::Payload written(const Sends& message) {
        detail::Payload payload;
        detail::write_value(payload, message);
        return payload;
    }
    static Receives read(detail::ReceivedPayload& received) {
        detail::PayloadReader reader = received.reader();
        return detail::read_value<Receives>(reader);
    }
    mutable detail::PipeCore core_;  // closed by save(), which hands it over
};

/// Two ends that are connected; what one sends, the other receives. `auto [mine, theirs] = hk::Pipe<Request, Reply>();`
template <class FirstSends, class SecondSends = FirstSends>
class Pipe {
public:
    /// Throws std::system_error.
    Pipe() : Pipe(detail::open_message_pipe()) {}
    PipeEnd<FirstSends, SecondSends> first;
    PipeEnd<SecondSends, FirstSends> second;

private:
    explicit Pipe(std::pair<detail::OwnedDescriptor, detail::OwnedDescriptor> sockets) noexcept
        : first(std::move(sockets.first)), second(std::move(sockets.second)) {}
};

}  // namespace hocket
