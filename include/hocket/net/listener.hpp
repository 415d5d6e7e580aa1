// Listener: where connections come in.
#pragma once
#include <cstdint>
#include <string>
#include <utility>

#include "hocket/net/address.hpp"
#include "hocket/net/socket.hpp"

namespace hocket {

/// How a listener is made.
struct ListenOptions {
    /// Connections that wait to be accepted, at most (the system may allow fewer).
    int backlog = 4096;
    /// Lets several listeners share one address, each getting a part of the connections: one for each loop.
    bool reuse_port = false;
};

/// A listening stream socket. Move-only; belongs to the loop that first waits on it. Failures are std::system_error.
class Listener {
public:
    /// Listens on a numeric address or "localhost"; an empty host means all addresses of both families; port 0 picks a
    /// free one. Does not block. Throws std::invalid_argument for a host that is neither.
    static Listener bind(const std::string& host, std::uint16_t port, ListenOptions options = ListenOptions());
    /// Listens on one address. A Unix socket's file must not exist yet; it is not removed at the end.
    static Listener bind(const Address& address, ListenOptions options = ListenOptions());

    Listener(Listener&& other) noexcept : descriptor_(std::exchange(other.descriptor_, nullptr)) {}
    /// Closes the one that was here before.
    Listener& operator=(Listener&& other) noexcept {
        Listener taken(std::move(other));
        std::swap(descriptor_, taken.descriptor_);
        return *this;
    }
    ~Listener() { close(); }

    class [[nodiscard]] AcceptAwaiter final : public detail::IoAwaiter {
    public:
        explicit AcceptAwaiter(detail::Descriptor& descriptor) noexcept
            : IoAwaiter(descriptor, detail::IoVerb::accept, nullptr, 0, 0) {}
        ~AcceptAwaiter();
        Socket await_resume();

    private:
        bool taken_ = false;
    };
    class [[nodiscard("an accept does nothing until it is awaited: write co_await")]] Accept {
    public:
        explicit Accept(detail::Descriptor & descriptor) noexcept : descriptor_(descriptor) {}
        AcceptAwaiter operator co_await() const noexcept { return AcceptAwaiter(descriptor_); }

    private:
        detail::Descriptor& descriptor_;
    };
    /// Waits for the next connection. Throws std::system_error, with EMFILE when this process has no descriptor left:
    /// the connection keeps waiting then. Cancellation loses no connection.
    Accept async_accept() const { return Accept(detail::require_open(descriptor_)); }

    /// The same for a thread, which it blocks. Throws CancelledError when the thread is cancelled.
    Socket accept(std::source_location where = std::source_location::current()) const;

    /// Stops listening; connections that nobody has accepted are refused, waits end with an error.
    void close() noexcept;
    bool is_open() const noexcept { return descriptor_ != nullptr; }
    int fileno() const noexcept { return descriptor_ ? descriptor_->fd() : -1; }
    Address local_address() const;
    std::uint16_t port() const { return local_address().port(); }

private:
    explicit Listener(int fd);
    detail::Descriptor* descriptor_ = nullptr;
};

}  // namespace hocket
