#include "http/server_core.hpp"

#include <system_error>

#include "hocket/aio/event_loop.hpp"
#include "hocket/aio/sleep.hpp"
#include "hocket/aio/timeout.hpp"
#include "hocket/core/report.hpp"
#include "http/connection.hpp"

namespace hocket::http::detail {
namespace {

using namespace std::chrono_literals;

constexpr auto kAcceptPause = 100ms;  // when there is no descriptor or memory left for another connection

RequestLimits limits_of(const ServerOptions& options) noexcept {
    RequestLimits limits;
    limits.header_bytes = options.max_header_bytes;
    limits.headers = options.max_headers;
    limits.body_bytes = options.max_body_bytes;
    return limits;
}

}  // namespace

ServerCore::ServerCore(ServerOptions options) noexcept : options_(options), exchanges_(limits_of(options)) {}

Task<void> ServerCore::serve(Listener listener) {
    const std::shared_ptr<ServerCore> self = shared_from_this();
    buffer_ = std::make_unique<char[]>(kBuffer);
    hocket::detail::ChildSet children(hocket::detail::ChildSet::OnError::go_on);
    {
        CancelScope scope;
        accepting_ = &scope;
        try {
            co_await accept_all(listener, children);
        } catch (const CancelledError&) {
            // By begin_close(), or with everything around.
        } catch (...) {
            hocket::detail::report(ReportKind::lost_exception,
                                   "http: the server accepts no more: " + describe(std::current_exception()));
        }
        accepting_ = nullptr;
    }
    listener.close();
    begin_close();
    co_await children.join();
}

Task<void> ServerCore::accept_all(Listener& listener, hocket::detail::ChildSet& children) {
    while (!closing_) {
        bool pause = false;
        try {
            Socket socket = co_await listener.async_accept();
            children.spawn(serve_connection(shared_from_this(), std::move(socket)), {},
                           std::source_location::current());
            ++count_;  // its Connection takes it back
        } catch (const std::system_error&) {
            pause = true;
        } catch (const std::bad_alloc&) {
            pause = true;
        }
        if (pause) co_await sleep(kAcceptPause);
        if (count_ >= options_.max_connections) co_await wait_for_place();
    }
}

Task<void> ServerCore::wait_for_place() {
    place_.emplace();
    const Future<void> freed = place_->future();
    co_await shield(freed);
}

void ServerCore::begin_close() {
    closing_ = true;
    if (accepting_) accepting_->cancel("the server closes");
    for (Connection* connection = first_; connection; connection = connection->next_) connection->close_if_idle();
}

void ServerCore::hold(Connection& connection) {
    held_.push_back(&connection);
    if (queued_) return;
    queued_ = shared_from_this();
    EventLoop::current().post(*this);
}

void ServerCore::unhold(Connection& connection) noexcept {
    // Nearly always the last: most handlers end before anybody else has a turn.
    for (std::size_t i = held_.size(); i-- > 0;) {
        if (held_[i] != &connection) continue;
        held_[i] = held_.back();
        held_.pop_back();
        return;
    }
}

void ServerCore::run() noexcept {
    const std::shared_ptr<ServerCore> self = std::move(queued_);
    for (Connection* connection : held_) connection->send_held();
    held_.clear();
}

void ServerCore::drop() noexcept { const std::shared_ptr<ServerCore> self = std::move(queued_); }

void ServerCore::add(Connection& connection) noexcept {
    connection.next_ = first_;
    if (first_) first_->previous_ = &connection;
    first_ = &connection;
}

void ServerCore::remove(Connection& connection) noexcept {
    (connection.previous_ ? connection.previous_->next_ : first_) = connection.next_;
    if (connection.next_) connection.next_->previous_ = connection.previous_;
    --count_;
    if (place_) {
        (void)place_->try_set_result();
        place_.reset();
    }
}

}  // namespace hocket::http::detail
