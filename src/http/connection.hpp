// One connection of a server.
#pragma once
#include <cstdint>
#include <exception>
#include <memory>

#include "hocket/aio/cancel_scope.hpp"
#include "http/body_source.hpp"
#include "http/server_core.hpp"
#include "http/wire.hpp"

namespace hocket::http::detail {

/// A connection as a machine that never waits: step() does all that can be done now and says what to wait for. The
/// coroutine around it, serve_connection(), does the waiting.
class Connection final : private BodySource {
public:
    enum class Step : std::uint8_t { wait_readable, wait_writable, yield, handle, produce, finished };

    Connection(std::shared_ptr<ServerCore> core, Socket socket, hocket::detail::Acceptor::Place place) noexcept;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection();

    Step step();
    const Socket& socket() const noexcept { return wire_.socket(); }

    bool encrypts() const noexcept { return static_cast<bool>(core_->options().tls); }
    /// Comes before the first step(), if it encrypts.
    Task<void> shake_hands();

    /// For Step::handle: starts the handler.
    Task<Response> handle();
    /// What the handler gave.
    void take(Response response) noexcept { exchange_->response = std::move(response); }
    /// Whether the response is to be compressed, if the client accepts that; and doing it.
    bool may_compress() const { return core_->compression().concerns(exchange_->response); }
    Task<void> compress() { return core_->compression().apply(exchange_->parser.request(), exchange_->response); }
    /// The handler has ended, with what was taken or with `error`.
    void answer(const std::exception_ptr& error);

    /// For Step::produce: asks for the next piece of the response's body.
    Task<std::optional<std::string>> next_piece();
    /// The piece, nothing at the end; or `error`, with which asking for it ended.
    void take_piece(std::optional<std::string> piece, const std::exception_ptr& error);
    /// When the conversation is over: lets a generator that did not come to its end clean up.
    Task<void> drop_generator();

    /// The handler has not ended in its first step: sends the answers before it that were held back to go together.
    void send_held() noexcept;

    /// The scope that step() sets deadlines in; null outside of it.
    void set_scope(CancelScope* scope) noexcept { scope_ = scope; }
    /// After a wait that succeeded: whether its time ran out in the same turn of the loop all the same. Then it came in
    /// time, and the conversation goes on in a new scope.
    bool outran_its_deadline() const noexcept;
    /// The conversation was ended by `error`. Gives whether to enter step() once more, in a new scope: to tell the
    /// client why.
    bool interrupted(const std::exception_ptr& error) noexcept;
    /// The server closes: ends a connection that waits for a request.
    void close_if_idle();
    /// While a handler or generator runs, now and then: cancels it if the client has gone.
    void look_for_end() noexcept;

private:
    friend class ServerCore;
    enum class Phase : std::uint8_t { receiving, handling, sending, producing, draining, broken };
    // What an AccessRecord will say.
    struct Access {
        Access() = default;
        TimePoint begun;
        int status = 0;
        std::uint64_t bytes = 0;
        bool open = false;
        bool known = false;  // the request could be read
    };
    enum class Flushed : std::uint8_t { all, blocked, turn_is_over };

    std::optional<Step> receive();
    std::optional<Step> parse();
    std::optional<Step> send();
    std::optional<Step> drain();
    Task<std::string> read_body() override;
    Task<void> receive_body();
    bool prepare_to_wait();
    void keep_alive();
    void begin_body();
    bool skip_body();
    void end_busy() noexcept;
    void refuse(int status, std::string_view reason);
    void refuse_late();
    void handler_failed(const std::exception_ptr& error);
    void write(bool to_head, bool to_1_0);
    Flushed flush();
    std::optional<std::size_t> send_file();
    void begin_access();
    void end_access(bool complete) noexcept;
    void set_deadline(Duration timeout);
    bool client_reads() const noexcept;

    std::shared_ptr<ServerCore> core_;
    const hocket::detail::Acceptor::Place place_;
    Wire wire_;
    std::unique_ptr<Exchange> exchange_;  // null while idle
    BodyReader reader_;
    const Router::Route* body_route_ = nullptr;  // whose handler reads the body itself, while it runs
    std::size_t busy_index_ = 0;                 // in the core's list, while a handler or generator runs
    CancelScope* scope_ = nullptr;
    Connection* next_ = nullptr;  // in the core's list
    Connection* previous_ = nullptr;
    std::size_t not_taken_ = 0;  // of what was sent, when the client's time began
    TimePoint head_deadline_;
    Phase phase_ = Phase::receiving;
    Access access_;
    bool busy_ = false;        // the handler or generator runs
    bool held_ = false;        // output waits in the core's list for the handler or send_held()
    bool readable_ = true;     // to be tried before it is waited for
    bool head_timed_ = false;  // header_timeout runs, until head_deadline_
    bool closes_ = false;      // after what is being sent
    bool lingers_ = false;     // ... reading on for a while, so that the client gets it
    bool sent_end_ = false;
};

/// Serves one connection to its end. Throws nothing.
Task<void> serve_connection(std::shared_ptr<ServerCore> core, Socket socket, hocket::detail::Acceptor::Place place);

}  // namespace hocket::http::detail
