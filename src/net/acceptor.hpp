// Acceptor: takes connections in and has each served in a task of its own. What every server is made of.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hocket/aio/cancel_scope.hpp"
#include "hocket/aio/detail/child_set.hpp"
#include "hocket/futures/promise.hpp"
#include "hocket/net/listener.hpp"

namespace hocket::detail {

/// Accepts on any number of listeners until stop(); ends when the connections have ended. One loop.
///
/// Invariant: `connections()` counts the places that are alive, never more than `max_connections`: a connection that is
/// accepted beyond that (each listener may have one in hand) waits for a place before it is served.
class Acceptor final : public std::enable_shared_from_this<Acceptor> {
public:
    /// One connection's place among those that may be open; kept as long as it is.
    class Place {
    public:
        explicit Place(Acceptor& acceptor) noexcept : acceptor_(&acceptor) { ++acceptor.count_; }
        Place(Place&& other) noexcept : acceptor_(std::exchange(other.acceptor_, nullptr)) {}
        Place& operator=(Place&&) = delete;
        ~Place() {
            if (acceptor_) acceptor_->leave();
        }

    private:
        Acceptor* acceptor_;
    };
    /// Serves one connection; throws nothing.
    using Serve = std::function<Task<void>(Socket, Place)>;

    explicit Acceptor(std::size_t max_connections) noexcept : max_connections_(max_connections) {}
    Acceptor(const Acceptor&) = delete;
    Acceptor& operator=(const Acceptor&) = delete;

    /// Begins to serve. Throws InvalidStateError if it does already. `name` is for reports and the task.
    void start(std::vector<Listener> listeners, Serve serve, std::string name);
    bool started() const noexcept { return serving_.valid(); }
    /// Accepts no more, and closes the listeners.
    void stop();
    /// stop(); lets connections end within `grace`, cancels those that do not, and returns when all have ended; it may
    /// be started again afterwards. Cancellation ends the grace. Throws InvalidStateError in a task that serves one of
    /// the connections.
    Task<void> close(Duration grace);
    /// Waits until it has been closed.
    Task<void> wait_closed();
    /// Without waiting.
    void abandon(std::string_view reason);

    std::size_t connections() const noexcept { return count_; }

private:
    static Task<void> run(std::shared_ptr<Acceptor> self, std::vector<Listener> listeners, Serve serve);
    Task<void> accept_all(const Listener& listener, ChildSet& children, const Serve& serve);
    Task<void> wait_for_place();
    void leave() noexcept;
    void failed(std::string_view why);
    bool serves_current_task() const noexcept;

    const std::size_t max_connections_;
    std::size_t count_ = 0;
    std::string name_;
    bool stopping_ = false;
    bool failing_ = false;                // the last attempt to accept failed, and was reported
    CancelScope* accepting_ = nullptr;    // while it accepts
    const TaskContext* task_ = nullptr;   // the one that accepts
    std::optional<Promise<void>> place_;  // while somebody waits for a connection to end
    Future<void> serving_;
};

}  // namespace hocket::detail
