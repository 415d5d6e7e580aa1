// One connection of a server.
#pragma once
#include <cstdint>
#include <exception>
#include <memory>

#include "hocket/aio/cancel_scope.hpp"
#include "hocket/net/socket.hpp"
#include "http/server_core.hpp"

namespace hocket::http::detail {

/// A connection as a machine that never waits: step() does all that can be done now and says what to wait for. The
/// coroutine around it, serve_connection(), does the waiting.
class Connection {
public:
    enum class Step : std::uint8_t { wait_readable, wait_writable, yield, handle, finished };

    Connection(std::shared_ptr<ServerCore> core, Socket socket) noexcept;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection();

    Step step();
    const Socket& socket() const noexcept { return socket_; }

    /// For Step::handle: starts the handler.
    Task<Response> handle();
    /// What the handler gave.
    void take(Response response) noexcept { exchange_->response = std::move(response); }
    /// The handler has ended, with what was taken or with `error`.
    void answer(const std::exception_ptr& error);

    /// The handler has not ended in its first step: sends the answers before it that were held back to go together.
    void send_held() noexcept;

    /// The scope that step() sets deadlines in; null outside of it.
    void set_scope(CancelScope* scope) noexcept { scope_ = scope; }
    /// The conversation was ended by `error`. Gives whether to enter step() once more, in a new scope: to tell the
    /// client why.
    bool interrupted(const std::exception_ptr& error) noexcept;
    /// The server closes: ends a connection that waits for a request.
    void close_if_idle();

private:
    friend class ServerCore;
    enum class Phase : std::uint8_t { receiving, handling, sending, draining };
    enum class Flushed : std::uint8_t { all, blocked, turn_is_over };

    std::optional<Step> receive();
    std::optional<Step> parse();
    std::optional<Step> send();
    std::optional<Step> drain();
    void prepare_to_wait();
    void refuse(int status, std::string_view reason);
    void handler_failed(const std::exception_ptr& error);
    void write(bool to_head, bool to_1_0);
    Flushed flush();
    void set_deadline(Duration timeout);

    std::shared_ptr<ServerCore> core_;
    Socket socket_;
    std::unique_ptr<Exchange> exchange_;  // null while idle
    CancelScope* scope_ = nullptr;
    Connection* next_ = nullptr;  // in the core's list
    Connection* previous_ = nullptr;
    Phase phase_ = Phase::receiving;
    bool held_ = false;        // output waits in the core's list for the handler or send_held()
    bool readable_ = true;     // to be tried before it is waited for
    bool head_timed_ = false;  // header_timeout runs
    bool closes_ = false;      // after what is being sent
    bool lingers_ = false;     // ... reading on for a while, so that the client gets it
    bool sent_end_ = false;
};

/// Serves one connection to its end. Throws nothing.
Task<void> serve_connection(std::shared_ptr<ServerCore> core, Socket socket);

}  // namespace hocket::http::detail
