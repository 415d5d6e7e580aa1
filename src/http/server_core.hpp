// What the connections of one server share.
#pragma once
#include <memory>
#include <optional>

#include "hocket/aio/cancel_scope.hpp"
#include "hocket/aio/detail/child_set.hpp"
#include "hocket/futures/promise.hpp"
#include "hocket/http/server.hpp"
#include "http/exchange.hpp"

namespace hocket::http::detail {

class Connection;

/// The shared state of a server and its connections; lives until the last of them has ended. One loop.
class ServerCore final : public std::enable_shared_from_this<ServerCore>, private hocket::detail::RunNode {
public:
    explicit ServerCore(ServerOptions options) noexcept;
    ServerCore(const ServerCore&) = delete;
    ServerCore& operator=(const ServerCore&) = delete;

    /// Accepts connections and serves each in a task of its own, until begin_close() or cancellation; ends when all of
    /// them have ended. Does not throw.
    Task<void> serve(Listener listener);
    /// Before serve().
    void open() noexcept { closing_ = false; }
    /// Stops accepting, ends idle connections, and makes every response from now on the last of its connection.
    void begin_close();
    bool closing() const noexcept { return closing_; }

    const ServerOptions& options() const noexcept { return options_; }
    ExchangePool& exchanges() noexcept { return exchanges_; }
    std::size_t connections() const noexcept { return count_; }

    /// Where every connection receives: its content is used or copied before the loop's next step.
    std::span<char> buffer() noexcept { return {buffer_.get(), kBuffer}; }

    void add(Connection& connection) noexcept;
    void remove(Connection& connection) noexcept;

    /// Answers that are to go together with the next: `connection` sends them at the loop's next step, unless unhold()
    /// comes first.
    void hold(Connection& connection);
    void unhold(Connection& connection) noexcept;

    Handler handler;

private:
    static constexpr std::size_t kBuffer = 64 * 1024;
    Task<void> accept_all(Listener& listener, hocket::detail::ChildSet& children);
    Task<void> wait_for_place();
    void run() noexcept override;
    void drop() noexcept override;

    ServerOptions options_;
    ExchangePool exchanges_;
    std::unique_ptr<char[]> buffer_;
    Connection* first_ = nullptr;
    std::size_t count_ = 0;
    bool closing_ = false;
    std::vector<Connection*> held_;
    std::shared_ptr<ServerCore> queued_;  // ourselves, while we are in the run queue
    CancelScope* accepting_ = nullptr;    // while serve() accepts
    std::optional<Promise<void>> place_;  // while it waits for a connection to end
};

}  // namespace hocket::http::detail
