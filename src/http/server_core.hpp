// What the connections of one server share.
#pragma once
#include <memory>
#include <span>
#include <vector>

#include "hocket/aio/event_loop.hpp"
#include "hocket/core/detail/timer_heap.hpp"
#include "hocket/http/detail/router.hpp"
#include "hocket/http/server.hpp"
#include "http/compression.hpp"
#include "http/exchange.hpp"
#include "net/acceptor.hpp"

namespace hocket::http::detail {

class Connection;

/// The shared state of a server and its connections; lives until the last of them has ended. One loop.
class ServerCore final : public std::enable_shared_from_this<ServerCore>,
                         private hocket::detail::RunNode,
                         private hocket::detail::Timer {
public:
    explicit ServerCore(ServerOptions options);
    ServerCore(const ServerCore&) = delete;
    ServerCore& operator=(const ServerCore&) = delete;
    ~ServerCore();

    /// Accepts connections and serves each in a task of its own, until begin_close(), after which acceptor().close()
    /// waits for their ends. Throws InvalidStateError if it does already.
    void start(Listener listener);
    hocket::detail::Acceptor& acceptor() noexcept { return *acceptor_; }
    /// Stops accepting, ends idle connections, and makes every response from now on the last of its connection.
    void begin_close();
    /// Lets go of the loop, unless there are connections again: after it, another thread may destroy the server.
    void end_close() noexcept;
    bool closing() const noexcept { return closing_; }

    const ServerOptions& options() const noexcept { return options_; }
    const Compression& compression() const noexcept { return compression_; }
    ExchangePool& exchanges() noexcept { return exchanges_; }

    /// Where every connection receives: its content is used or copied before the loop's next step.
    std::span<char> buffer() noexcept { return {buffer_.get(), kBuffer}; }

    void add(Connection& connection) noexcept;
    void remove(Connection& connection) noexcept;

    /// Answers that are to go together with the next: `connection` sends them at the loop's next step, unless unhold()
    /// comes first.
    void hold(Connection& connection);
    void unhold(Connection& connection) noexcept;

    /// The handler or generator of `connection` runs, or has ended: meanwhile it is looked at four times in a second.
    /// Gives its place in the list; that of another one changes to `index` when this one leaves it.
    std::size_t enter_busy(Connection& connection);
    void leave_busy(std::size_t index) noexcept;

    Router router;
    Handler handler;  // of what has no route
    AccessHook access_hook;
    HandshakeHook handshake_hook;

private:
    static constexpr std::size_t kBuffer = 64 * 1024;
    void run() noexcept override;
    void drop() noexcept override;
    void expired() noexcept override;

    const std::shared_ptr<hocket::detail::Acceptor> acceptor_;
    ServerOptions options_;
    Compression compression_;
    ExchangePool exchanges_;
    std::unique_ptr<char[]> buffer_;
    Connection* first_ = nullptr;
    bool closing_ = false;
    std::vector<Connection*> held_;
    std::vector<Connection*> busy_;
    EventLoop* loop_ = nullptr;           // whose timer runs, if it is armed
    std::shared_ptr<ServerCore> queued_;  // ourselves, while we are in the run queue
};

}  // namespace hocket::http::detail
