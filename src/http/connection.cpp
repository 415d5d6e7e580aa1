#include "http/connection.hpp"

#include <sys/socket.h>

#include <algorithm>

#include "hocket/aio/event_loop.hpp"
#include "hocket/aio/sleep.hpp"
#include "hocket/core/report.hpp"

namespace hocket::http::detail {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kCoalesced = 64 * 1024;  // answers to pipelined requests that are sent together
constexpr std::size_t kSlice = 512 * 1024;     // sent at a time, so that a large body does not keep the loop
constexpr auto kLinger = 2s;

EventLoop& loop() noexcept { return static_cast<EventLoop&>(*hocket::detail::Scheduler::current()); }

bool cancelled() noexcept { return loop().current_task()->cancel_pending(); }

// What ends a connection is reported, unless it is the ordinary end: the client went away, or the server closes.
void report_failure(const std::exception_ptr& error) noexcept {
    try {
        std::rethrow_exception(error);
    } catch (const CancelledError&) {
    } catch (const std::system_error&) {
    } catch (const std::exception& failure) {
        hocket::detail::report(ReportKind::lost_exception, failure.what());
    } catch (...) {
        hocket::detail::report(ReportKind::lost_exception, "http: a connection failed");
    }
}

}  // namespace

Connection::Connection(std::shared_ptr<ServerCore> core, Socket socket) noexcept
    : core_(std::move(core)), socket_(std::move(socket)) {
    core_->add(*this);
}

Connection::~Connection() {
    if (held_) core_->unhold(*this);
    if (exchange_) core_->exchanges().give_back(std::move(exchange_));
    core_->remove(*this);
}

Connection::Step Connection::step() {
    for (;;) {
        std::optional<Step> step;
        switch (phase_) {
            case Phase::receiving:
                step = exchange_ && !exchange_->unread().empty() ? parse() : receive();
                break;
            case Phase::handling:
                return Step::handle;
            case Phase::sending:
                step = send();
                break;
            case Phase::draining:
                step = drain();
                break;
        }
        if (step) return *step;
    }
}

std::optional<Connection::Step> Connection::receive() {
    if (!readable_) {
        if (exchange_ && !exchange_->parser.started()) core_->exchanges().give_back(std::move(exchange_));
        if (!exchange_ && core_->closing()) return Step::finished;
        prepare_to_wait();
        readable_ = true;
        return Step::wait_readable;
    }
    readable_ = false;
    const std::span<char> buffer = core_->buffer();
    const std::optional<std::size_t> size = socket_.try_recv(buffer);
    if (!size) return std::nullopt;
    if (*size == 0) return Step::finished;
    readable_ = *size == buffer.size();  // there may be more
    if (!exchange_) exchange_ = core_->exchanges().take();
    const std::string_view bytes(buffer.data(), *size);
    const std::size_t used = exchange_->parser.feed(bytes);
    exchange_->input.assign(bytes.substr(used));
    exchange_->used = 0;
    return parse();
}

void Connection::prepare_to_wait() {
    if (!exchange_) {
        set_deadline(core_->options().idle_timeout);
        head_timed_ = false;
    } else if (exchange_->parser.state() == RequestParser::State::body) {
        set_deadline(core_->options().body_timeout);
    } else if (!head_timed_) {
        set_deadline(core_->options().header_timeout);
        head_timed_ = true;
    }
}

// Goes on with the bytes that were read ahead, if the request before has been answered.
std::optional<Connection::Step> Connection::parse() {
    RequestParser& parser = exchange_->parser;
    const bool reads = parser.state() == RequestParser::State::head || parser.state() == RequestParser::State::body;
    if (reads) exchange_->used += parser.feed(exchange_->unread());
    switch (parser.state()) {
        case RequestParser::State::head:
        case RequestParser::State::body:
            if (parser.expects_continue()) {
                parser.continued();
                exchange_->output.append("HTTP/1.1 100 Continue\r\n\r\n");
            }
            if (exchange_->has_output()) phase_ = Phase::sending;
            return std::nullopt;
        case RequestParser::State::failed:
            refuse(parser.error().status, parser.error().reason);
            return std::nullopt;
        case RequestParser::State::complete:
            break;
    }
    phase_ = Phase::handling;
    head_timed_ = false;
    scope_->set_deadline(kNever);
    if (exchange_->has_output()) {
        core_->hold(*this);
        held_ = true;
    }
    if (!loop().spend_budget()) return Step::yield;
    return Step::handle;
}

Task<Response> Connection::handle() { return core_->handler(exchange_->parser.request()); }

void Connection::send_held() noexcept {
    held_ = false;
    try {
        flush();
    } catch (...) {
        // The client is gone. The handler may end in peace; sending its answer will find out.
    }
}

void Connection::answer(const std::exception_ptr& error) {
    if (held_) core_->unhold(*this);
    held_ = false;
    if (error) handler_failed(error);
    const Request& request = exchange_->parser.request();
    closes_ = !request.keep_alive() || exchange_->response.closes_connection() || core_->closing();
    lingers_ = request.keep_alive() || !exchange_->unread().empty();
    write(request.method() == "HEAD", request.version() == Version::http_1_0);
    exchange_->parser.next();
    const bool more = !closes_ && !exchange_->writer.has_rest() && !exchange_->unread().empty();
    phase_ = more && exchange_->output.size() < kCoalesced ? Phase::receiving : Phase::sending;
}

void Connection::handler_failed(const std::exception_ptr& error) {
    const Request& request = exchange_->parser.request();
    hocket::detail::report(ReportKind::lost_exception, "http: the handler of " + std::string(request.method()) + " " +
                                                           std::string(request.path()) +
                                                           " failed, 500 is answered: " + describe(error));
    take(Response::text(500, "the server failed to answer this request\n"));
}

// A response to a request that cannot be read: the last one, since nobody knows where the next would begin.
void Connection::refuse(int status, std::string_view reason) {
    closes_ = lingers_ = true;
    exchange_->response = Response::text(status, std::string(reason) + "\n");
    write(false, false);
    exchange_->input.clear();
    exchange_->used = 0;
    phase_ = Phase::sending;
}

void Connection::write(bool to_head, bool to_1_0) {
    ResponseForm form;
    form.to_head = to_head;
    form.to_1_0 = to_1_0;
    form.closes = closes_;
    exchange_->writer.begin(exchange_->output, exchange_->response, form);
}

std::optional<Connection::Step> Connection::send() {
    switch (flush()) {
        case Flushed::blocked:
            set_deadline(core_->options().send_timeout);
            return Step::wait_writable;
        case Flushed::turn_is_over:
            return Step::yield;
        case Flushed::all:
            break;
    }
    if (!closes_) {
        phase_ = Phase::receiving;
        return std::nullopt;
    }
    if (!lingers_) return Step::finished;
    phase_ = Phase::draining;
    set_deadline(kLinger);
    return std::nullopt;
}

Connection::Flushed Connection::flush() {
    Exchange& exchange = *exchange_;
    for (;;) {
        if (exchange.unsent().empty()) {
            exchange.output.clear();
            exchange.sent = 0;
        }
        const bool plain = exchange.output.empty();
        std::string_view next = plain ? exchange.writer.plain_rest() : exchange.unsent();
        if (next.empty()) {
            if (!exchange.writer.has_rest()) return Flushed::all;
            exchange.writer.append_chunks(exchange.output);
            continue;
        }
        next = next.substr(0, kSlice);
        const std::optional<std::size_t> sent = socket_.try_send(next);
        if (!sent) return Flushed::blocked;
        if (plain) {
            exchange.writer.skip(*sent);
        } else {
            exchange.sent += *sent;
        }
        if (exchange.has_output() && !loop().spend_budget()) return Flushed::turn_is_over;
    }
}

// Everything is sent. If the connection were closed while bytes of the client are unread or on their way, it would be
// reset, and the client might lose the response (RFC 9112, section 9.6).
std::optional<Connection::Step> Connection::drain() {
    if (!sent_end_) {
        sent_end_ = true;
        socket_.shutdown_send();
    }
    if (!readable_) {
        readable_ = true;
        return Step::wait_readable;
    }
    readable_ = false;
    const std::optional<std::size_t> size = socket_.try_recv(core_->buffer());
    if (size && *size == 0) return Step::finished;
    return std::nullopt;
}

bool Connection::interrupted(const std::exception_ptr& error) noexcept {
    const bool timed_out = scope_->timed_out() && scope_->owns_cancellation();
    scope_ = nullptr;
    if (!timed_out) {
        report_failure(error);
        return false;
    }
    switch (phase_) {
        case Phase::receiving:
            if (!exchange_) return false;
            try {
                refuse(408, "the request did not come in time");
            } catch (...) {
                return false;  // no memory to say so
            }
            return true;
        case Phase::sending: {
            // What the kernel still holds is not wanted: a reset frees it.
            const linger reset{1, 0};
            ::setsockopt(socket_.fileno(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
            return false;
        }
        default:
            return false;
    }
}

void Connection::close_if_idle() {
    if (phase_ == Phase::receiving && !exchange_ && scope_) scope_->cancel("the server closes");
}

void Connection::set_deadline(Duration timeout) {
    scope_->set_deadline(hocket::detail::saturating_add(loop().now(), timeout));
}

namespace {

Task<void> converse(Connection& connection) {
    for (;;) {
        switch (connection.step()) {
            case Connection::Step::wait_readable:
                co_await connection.socket().async_wait_readable();
                break;
            case Connection::Step::wait_writable:
                co_await connection.socket().async_wait_writable();
                break;
            case Connection::Step::yield:
                co_await yield_now();
                break;
            case Connection::Step::handle: {
                std::exception_ptr error;
                try {
                    Response response = co_await connection.handle();
                    connection.take(std::move(response));
                } catch (...) {
                    if (cancelled()) throw;
                    error = std::current_exception();
                }
                connection.answer(error);
                break;
            }
            case Connection::Step::finished:
                co_return;
        }
    }
}

}  // namespace

Task<void> serve_connection(std::shared_ptr<ServerCore> core, Socket socket) {
    Connection connection(std::move(core), std::move(socket));
    for (bool again = true; again;) {
        again = false;
        CancelScope scope;
        connection.set_scope(&scope);
        try {
            co_await converse(connection);
        } catch (...) {
            again = connection.interrupted(std::current_exception());
        }
        connection.set_scope(nullptr);
    }
}

}  // namespace hocket::http::detail
