// The body of a request, read by its handler.
#include <system_error>

#include "hocket/aio/sleep.hpp"
#include "hocket/http/status_error.hpp"
#include "http/connection.hpp"

namespace hocket::http {

Task<std::string> BodyReader::read() { return source_->read_body(); }

Task<std::string> BodyReader::read_all(std::size_t limit) {
    std::string all;
    for (;;) {
        const std::string piece = co_await read();
        if (piece.empty()) co_return all;
        if (piece.size() > limit - all.size()) throw StatusError(413, "the body is too large");
        all.append(piece);
    }
}

namespace detail {
namespace {

constexpr std::size_t kPiece = 64 * 1024;

// 0 also for a connection that broke.
std::optional<std::size_t> receive_now(Wire& wire, std::span<char> buffer) {
    try {
        return wire.try_recv(buffer);
    } catch (const std::system_error&) {
        return 0;
    }
}

}  // namespace

Task<std::string> Connection::read_body() {
    RequestParser& parser = exchange_->parser;
    for (;;) {
        std::string piece = parser.take_body();
        if (!piece.empty()) co_return piece;
        if (parser.state() == RequestParser::State::failed)
            throw StatusError(parser.error().status, parser.error().reason);
        if (parser.state() != RequestParser::State::body) co_return std::string();
        if (!EventLoop::current().spend_budget()) co_await yield_now();
        if (!exchange_->unread().empty()) {
            exchange_->used += parser.feed(exchange_->unread().substr(0, kPiece));
            continue;
        }
        bool too_late = false;
        CancelScope scope;
        scope.set_deadline(hocket::detail::saturating_add(EventLoop::current().now(), core_->options().body_timeout));
        try {
            co_await receive_body();
        } catch (const CancelledError&) {
            if (!scope.timed_out() || !scope.owns_cancellation()) throw;
            too_late = true;
        }
        if (too_late) throw StatusError(408, "the body did not come in time");
    }
}

Task<void> Connection::receive_body() {
    RequestParser& parser = exchange_->parser;
    if (parser.expects_continue()) {
        parser.continued();
        exchange_->output.append("HTTP/1.1 100 Continue\r\n\r\n");
    }
    if (held_) core_->unhold(*this);
    held_ = false;
    for (bool sent = !exchange_->has_output() && wire_.flush(); !sent;) {
        const Flushed flushed = flush();
        sent = flushed == Flushed::all;
        if (flushed == Flushed::blocked) co_await socket().async_wait_writable();
        if (flushed == Flushed::turn_is_over) co_await yield_now();
    }
    const std::span<char> buffer = core_->buffer();
    std::optional<std::size_t> size = receive_now(wire_, buffer);
    while (!size) {
        co_await socket().async_wait_readable();
        size = receive_now(wire_, buffer);
    }
    if (*size == 0) {
        if (scope_) scope_->cancel("the client went away");
        co_await yield_now();  // throws, unless this is shielded
        throw StatusError(400, "the body ended early");
    }
    const std::string_view bytes(buffer.data(), *size);
    const std::size_t used = parser.feed(bytes);
    exchange_->input.assign(bytes.substr(used));
    exchange_->used = 0;
}

}  // namespace detail
}  // namespace hocket::http
