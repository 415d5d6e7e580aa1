#include "http/server_core.hpp"

#include <chrono>

#include "http/connection.hpp"

namespace hocket::http::detail {
namespace {

using namespace std::chrono_literals;

constexpr auto kLookInterval = 250ms;

RequestLimits limits_of(const ServerOptions& options) noexcept {
    RequestLimits limits;
    limits.header_bytes = options.max_header_bytes;
    limits.headers = options.max_headers;
    limits.body_bytes = options.max_body_bytes;
    return limits;
}

}  // namespace

ServerCore::ServerCore(ServerOptions options)
    : acceptor_(std::make_shared<hocket::detail::Acceptor>(options.max_connections)),
      options_(options),
      compression_(options.gzip_level, options.gzip_min_bytes),
      exchanges_(limits_of(options)) {}

ServerCore::~ServerCore() {
    if (armed()) loop_->timers().cancel(*this);
}

void ServerCore::start(Listener listener) {
    closing_ = false;
    if (!buffer_) buffer_ = std::make_unique<char[]>(kBuffer);
    const std::string name = "HTTP server on " + listener.local_address().to_string();
    std::vector<Listener> listeners;
    listeners.push_back(std::move(listener));
    auto serve = [self = shared_from_this()](Socket socket, hocket::detail::Acceptor::Place place) {
        return serve_connection(self, std::move(socket), std::move(place));
    };
    acceptor_->start(std::move(listeners), std::move(serve), name);
}

void ServerCore::begin_close() {
    closing_ = true;
    acceptor_->stop();
    for (Connection* connection = first_; connection; connection = connection->next_) connection->close_if_idle();
}

void ServerCore::end_close() noexcept {
    if (busy_.empty() && armed()) loop_->timers().cancel(*this);
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

std::size_t ServerCore::enter_busy(Connection& connection) {
    if (!armed()) {
        loop_ = &EventLoop::current();
        loop_->timers().arm(*this, loop_->now() + kLookInterval);
    }
    busy_.push_back(&connection);
    return busy_.size() - 1;
}

void ServerCore::leave_busy(std::size_t index) noexcept {
    busy_[index] = busy_.back();
    busy_[index]->busy_index_ = index;
    busy_.pop_back();
}

// Looking costs no system call while the kernel has reported nothing. Waiting for the end of each connection instead
// would cost every request a registration, for the sake of the few whose handlers take long.
void ServerCore::expired() noexcept {
    if (busy_.empty()) return;  // armed again by the next one
    for (Connection* connection : busy_) connection->look_for_end();
    loop_->timers().arm(*this, loop_->now() + kLookInterval);  // needs no memory: the heap has just given up the place
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
}

}  // namespace hocket::http::detail
