#include "http/connection.hpp"

#include <algorithm>

#include "hocket/aio/event_loop.hpp"
#include "hocket/aio/sleep.hpp"
#include "hocket/core/report.hpp"
#include "hocket/http/status_error.hpp"
#include "http/deferred_body.hpp"

namespace hocket::http::detail {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kCoalesced = 64 * 1024;  // answers to pipelined requests that are sent together
constexpr std::size_t kSlice = 512 * 1024;     // sent at a time, so that a large body does not keep the loop
constexpr std::size_t kReadAhead = 64 * 1024;  // of requests behind the one that is being handled
constexpr std::size_t kLeastTaken = 4 * 1024;  // by a client, within its time, or it is as good as gone
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

Connection::Connection(std::shared_ptr<ServerCore> core, Socket socket, hocket::detail::Acceptor::Place place) noexcept
    : core_(std::move(core)), place_(std::move(place)), wire_(std::move(socket)), reader_(*this) {
    core_->add(*this);
}

Connection::~Connection() {
    end_busy();
    end_access(false);
    if (held_) core_->unhold(*this);
    if (exchange_) core_->exchanges().give_back(std::move(exchange_));
    core_->remove(*this);
}

// A connection that is shaking hands counts as idle: the server's end is its own.
Task<void> Connection::shake_hands() {
    try {
        wire_.encrypt_by(core_->options().tls);
        co_await wire_.shake_hands();
    } catch (const std::exception& error) {
        if (core_->handshake_hook) core_->handshake_hook(error);
        phase_ = Phase::broken;
    }
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
            case Phase::producing:
                return Step::produce;
            case Phase::draining:
                step = drain();
                break;
            case Phase::broken:
                return Step::finished;
        }
        if (step) return *step;
    }
}

std::optional<Connection::Step> Connection::receive() {
    if (!readable_) {
        if (exchange_ && !exchange_->parser.started()) core_->exchanges().give_back(std::move(exchange_));
        if (!exchange_ && core_->closing()) return Step::finished;
        if (!prepare_to_wait()) {
            refuse_late();
            return std::nullopt;
        }
        readable_ = true;
        return Step::wait_readable;
    }
    readable_ = false;
    const std::span<char> buffer = core_->buffer();
    const std::optional<std::size_t> size = wire_.try_recv(buffer);
    if (!size) return std::nullopt;
    if (*size == 0) return Step::finished;
    readable_ = wire_.may_have_more(*size, buffer.size());
    if (!exchange_) {
        exchange_ = core_->exchanges().take();
        exchange_->parser.pause_before_bodies(core_->router.reads_bodies());
    }
    const std::string_view bytes(buffer.data(), *size);
    const std::size_t used = exchange_->parser.feed(bytes);
    exchange_->input.assign(bytes.substr(used));
    exchange_->used = 0;
    return parse();
}

// False if it would wait in vain: of a head that comes byte by byte there may be one whenever the time is looked at.
bool Connection::prepare_to_wait() {
    if (!exchange_) {
        set_deadline(core_->options().idle_timeout);
        head_timed_ = false;
    } else if (exchange_->parser.state() == RequestParser::State::body) {
        set_deadline(core_->options().body_timeout);
    } else {
        const TimePoint now = loop().now();
        if (!std::exchange(head_timed_, true))
            head_deadline_ = hocket::detail::saturating_add(now, core_->options().header_timeout);
        if (now >= head_deadline_) return false;
        scope_->set_deadline(head_deadline_);
    }
    return true;
}

// Goes on with the bytes that were read ahead, if the request before has been answered.
std::optional<Connection::Step> Connection::parse() {
    RequestParser& parser = exchange_->parser;
    const bool reads = parser.state() == RequestParser::State::head || parser.state() == RequestParser::State::body;
    if (reads) exchange_->used += parser.feed(exchange_->unread());
    if (parser.paused()) begin_body();
    switch (parser.state()) {
        case RequestParser::State::head:
        case RequestParser::State::body:
            if (body_route_) break;
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
    if (!busy_) busy_index_ = core_->enter_busy(*this);
    busy_ = true;
    begin_access();
    access_.known = true;
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

// The head of a request has come, and there is a body.
void Connection::begin_body() {
    RequestParser& parser = exchange_->parser;
    const Router::Found found = core_->router.find(parser.request());
    if (found.route && found.route->body_handler) {
        parser.begin_body(core_->options().max_streamed_body_bytes);
        if (parser.state() == RequestParser::State::body) body_route_ = found.route;
        return;
    }
    parser.begin_body(core_->options().max_body_bytes);
    if (parser.state() == RequestParser::State::body) exchange_->used += parser.feed(exchange_->unread());
}

namespace {

Task<Response> answer_for_router(Router::Found found) {
    if (found.status == 400) throw StatusError(400, "malformed path");
    Response response =
        found.status == 405 ? Response::text(405, "method not allowed\n") : Response::empty(found.status);
    response.set_header("Allow", found.allow);
    co_return response;
}

}  // namespace

Task<Response> Connection::handle() {
    Request& request = exchange_->parser.request();
    if (request.tls_info_ != wire_.tls_info()) request.tls_info_ = wire_.tls_info();
    if (core_->router.empty()) return core_->handler(request);
    if (!body_route_) {
        Router::Found found = core_->router.find(request);
        if (!found.route && found.status == 404) return core_->handler(request);
        if (!found.route) return answer_for_router(std::move(found));
        if (!found.route->body_handler) return found.route->handler(request);
        body_route_ = found.route;
    }
    return body_route_->body_handler(request, reader_);
}

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
    DeferredBody* deferred = exchange_->response.deferred_.get();
    if (error) {
        handler_failed(error);
    } else if (deferred && std::exchange(deferred->sent, true)) {
        handler_failed(std::make_exception_ptr(
            InvalidStateError("hocket: the body of this response is a stream that was sent before")));
    }
    deferred = exchange_->response.deferred_.get();
    const Request& request = exchange_->parser.request();
    const bool cut_short = !skip_body();
    const bool to_1_0 = request.version() == Version::http_1_0;
    const bool ends_by_closing = to_1_0 && deferred && !deferred->length;
    closes_ = cut_short || ends_by_closing || !request.keep_alive() || exchange_->response.closes_connection() ||
              core_->closing();
    lingers_ = cut_short || request.keep_alive() || !exchange_->unread().empty();
    write(request.method() == "HEAD", to_1_0);
    body_route_ = nullptr;
    exchange_->parser.next();
    const bool pieces = exchange_->writer.wants_pieces();
    if (pieces) deferred->last_sent = loop().now();
    if (!pieces) end_busy();
    if (!pieces && !exchange_->writer.has_rest()) end_access(true);
    const bool more = !closes_ && !pieces && !exchange_->writer.has_rest() && !exchange_->unread().empty();
    phase_ = more && exchange_->output.size() < kCoalesced ? Phase::receiving : Phase::sending;
}

// The handler has answered without reading all of the body: takes what is there. False if that is not the end of it, so
// that nobody knows where the next request would begin.
bool Connection::skip_body() {
    RequestParser& parser = exchange_->parser;
    while (parser.state() == RequestParser::State::body && !exchange_->unread().empty()) {
        exchange_->used += parser.feed(exchange_->unread());
        (void)parser.take_body();
    }
    if (parser.state() == RequestParser::State::complete) return true;
    exchange_->input.clear();
    exchange_->used = 0;
    return false;
}

void Connection::end_busy() noexcept {
    if (std::exchange(busy_, false)) core_->leave_busy(busy_index_);
}

void Connection::handler_failed(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const StatusError& meant) {
        return take(Response::text(meant.status(), std::string(meant.what()) + "\n"));
    } catch (...) {
        // Reported below.
    }
    const Request& request = exchange_->parser.request();
    hocket::detail::report(ReportKind::lost_exception, "http: the handler of " + std::string(request.method()) + " " +
                                                           std::string(request.path()) +
                                                           " failed, 500 is answered: " + describe(error));
    take(Response::text(500, "the server failed to answer this request\n"));
}

Task<std::optional<std::string>> Connection::next_piece() {
    co_return co_await exchange_->response.deferred_->pieces->next();
}

void Connection::take_piece(std::optional<std::string> piece, const std::exception_ptr& error) {
    ResponseWriter& writer = exchange_->writer;
    const bool as_promised =
        !error && (piece ? writer.append_piece(exchange_->output, *piece) : writer.end_pieces(exchange_->output));
    if (!as_promised) {
        const Request& request = exchange_->parser.request();
        hocket::detail::report(
            ReportKind::lost_exception,
            "http: the body of the response to " + std::string(request.method()) + " " + std::string(request.path()) +
                " failed, the connection is ended: " + (error ? describe(error) : "it is not as long as was promised"));
        wire_.reset_when_closed();
        phase_ = Phase::broken;
        return;
    }
    access_.bytes += piece ? piece->size() : 0;
    exchange_->response.deferred_->last_sent = loop().now();
    if (!piece) end_busy();
    phase_ = Phase::sending;
}

// A stream of events has had nothing to send for long: sends a comment.
void Connection::keep_alive() {
    if (phase_ != Phase::producing) return;
    DeferredBody& body = *exchange_->response.deferred_;
    if (body.keep_alive <= Duration::zero() || loop().now() - body.last_sent < body.keep_alive) return;
    body.last_sent = loop().now();
    if (exchange_->has_output()) return;  // the one before could not be sent yet
    exchange_->writer.append_piece(exchange_->output, ":\n\n");
    flush();
}

Task<void> Connection::drop_generator() {
    const std::shared_ptr<DeferredBody> body = exchange_ ? exchange_->response.deferred_ : nullptr;
    if (!body || !body->pieces) co_return;
    try {
        CancelScope scope(shielded);
        co_await body->pieces->async_close();
    } catch (...) {
        report_failure(std::current_exception());
    }
}

void Connection::look_for_end() noexcept {
    if (!scope_ || (phase_ != Phase::handling && phase_ != Phase::producing)) return;
    if (exchange_->parser.state() == RequestParser::State::body) return;  // who reads it will notice
    if (exchange_->unread().size() >= kReadAhead) return;
    try {
        const std::optional<std::size_t> size = wire_.try_recv(core_->buffer());
        if (!size) return keep_alive();
        if (*size == 0) return scope_->cancel("the client went away");
        exchange_->input.erase(0, std::exchange(exchange_->used, 0));
        exchange_->input.append(core_->buffer().data(), *size);
    } catch (...) {
        scope_->cancel("the connection to the client broke");
    }
}

// A response to a request that cannot be read: the last one, since nobody knows where the next would begin.
void Connection::refuse(int status, std::string_view reason) {
    closes_ = lingers_ = true;
    begin_access();
    exchange_->response = Response::text(status, std::string(reason) + "\n");
    write(false, false);
    exchange_->input.clear();
    exchange_->used = 0;
    phase_ = Phase::sending;
}

void Connection::refuse_late() { refuse(408, "the request did not come in time"); }

void Connection::write(bool to_head, bool to_1_0) {
    ResponseForm form;
    form.to_head = to_head;
    form.to_1_0 = to_1_0;
    form.closes = closes_;
    exchange_->writer.begin(exchange_->output, exchange_->response, form);
    if (!access_.open) return;
    access_.status = exchange_->response.status();
    access_.bytes = exchange_->writer.body_size();
}

std::optional<Connection::Step> Connection::send() {
    switch (flush()) {
        case Flushed::blocked:
            set_deadline(core_->options().send_timeout);
            not_taken_ = wire_.not_taken();
            return Step::wait_writable;
        case Flushed::turn_is_over:
            scope_->set_deadline(kNever);  // the client reads
            return Step::yield;
        case Flushed::all:
            break;
    }
    if (!exchange_->writer.wants_pieces()) end_access(true);
    if (exchange_->writer.wants_pieces()) {
        if (!loop().spend_budget()) return Step::yield;
        scope_->set_deadline(kNever);
        phase_ = Phase::producing;
        return std::nullopt;
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
            if (!exchange.writer.has_rest()) return wire_.flush() ? Flushed::all : Flushed::blocked;
            if (exchange.writer.file_left() == 0) {
                exchange.writer.append_chunks(exchange.output);
                continue;
            }
            if (!send_file()) return Flushed::blocked;
            if (exchange.has_output() && !loop().spend_budget()) return Flushed::turn_is_over;
            continue;
        }
        next = next.substr(0, kSlice);
        const std::optional<std::size_t> sent = wire_.try_send(next);
        if (!sent) return Flushed::blocked;
        if (plain) {
            exchange.writer.skip(*sent);
        } else {
            exchange.sent += *sent;
        }
        if (exchange.has_output() && !loop().spend_budget()) return Flushed::turn_is_over;
    }
}

// Sends a piece of the file that is the body; nothing if there is no room.
std::optional<std::size_t> Connection::send_file() {
    DeferredBody& body = *exchange_->response.deferred_;
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(exchange_->writer.file_left(), kSlice));
    const std::optional<std::size_t> sent = wire_.try_send_file(body.fd, body.offset, size, core_->buffer());
    if (!sent) return sent;
    if (*sent == 0) {
        wire_.reset_when_closed();
        throw std::runtime_error("http: a file has become shorter while it was sent, the connection is ended");
    }
    body.offset += *sent;
    exchange_->writer.skip_file(*sent);
    return sent;
}

void Connection::begin_access() {
    if (!core_->access_hook) return;
    access_ = Access();
    access_.open = true;
    access_.begun = loop().now();
}

void Connection::end_access(bool complete) noexcept {
    if (!std::exchange(access_.open, false)) return;
    try {
        AccessRecord record;
        if (access_.known && exchange_) {
            record.method = exchange_->parser.request().method();
            record.target = exchange_->parser.request().target();
        }
        record.peer = wire_.socket().peer_address();
        record.status = access_.status;
        record.bytes = access_.bytes - (complete || !exchange_ ? 0 : exchange_->writer.unsent());
        record.duration = loop().now() - access_.begun;
        record.complete = complete;
        core_->access_hook(record);
    } catch (...) {
        hocket::detail::report(ReportKind::lost_exception,
                               "http: the access hook failed: " + describe(std::current_exception()));
    }
}

// Everything is sent. If the connection were closed while bytes of the client are unread or on their way, it would be
// reset, and the client might lose the response (RFC 9112, section 9.6).
std::optional<Connection::Step> Connection::drain() {
    if (!sent_end_) {
        sent_end_ = true;
        wire_.end_sending();
    }
    if (!readable_) {
        readable_ = true;
        return Step::wait_readable;
    }
    readable_ = false;
    const std::optional<std::size_t> size = wire_.try_discard(core_->buffer());
    if (size && *size == 0) return Step::finished;
    return std::nullopt;
}

// The time to linger is for all that comes.
bool Connection::outran_its_deadline() const noexcept {
    return scope_->timed_out() && scope_->owns_cancellation() && phase_ != Phase::draining;
}

bool Connection::interrupted(const std::exception_ptr& error) noexcept {
    const bool timed_out = scope_->timed_out() && scope_->owns_cancellation();
    scope_ = nullptr;
    if (timed_out && phase_ == Phase::sending && client_reads()) return true;
    // What the client has got of a body must not look like all of it.
    if (exchange_ && exchange_->writer.wants_pieces()) wire_.reset_when_closed();
    if (!timed_out) {
        report_failure(error);
        return false;
    }
    switch (phase_) {
        case Phase::receiving:
            if (!exchange_) return false;
            try {
                refuse_late();
            } catch (...) {
                return false;  // no memory to say so
            }
            return true;
        case Phase::sending:
            wire_.reset_when_closed();  // what the kernel still holds is not wanted
            return false;
        default:
            return false;
    }
}

// The kernel says that there is room when a third of its own is free, which may be a megabyte.
bool Connection::client_reads() const noexcept { return wire_.not_taken() + kLeastTaken <= not_taken_; }

void Connection::close_if_idle() {
    if (phase_ == Phase::receiving && !exchange_ && scope_) scope_->cancel("the server closes");
}

void Connection::set_deadline(Duration timeout) {
    scope_->set_deadline(hocket::detail::saturating_add(loop().now(), timeout));
}

namespace {

// Gives whether to go on in a new scope.
Task<bool> converse(Connection& connection, bool first) {
    if (first && connection.encrypts()) co_await connection.shake_hands();
    for (;;) {
        switch (connection.step()) {
            case Connection::Step::wait_readable:
                co_await connection.socket().async_wait_readable();
                if (connection.outran_its_deadline()) co_return true;
                break;
            case Connection::Step::wait_writable:
                co_await connection.socket().async_wait_writable();
                if (connection.outran_its_deadline()) co_return true;
                break;
            case Connection::Step::yield:
                co_await yield_now();
                break;
            case Connection::Step::handle: {
                std::exception_ptr error;
                try {
                    Response response = co_await connection.handle();
                    connection.take(std::move(response));
                    if (connection.may_compress()) co_await connection.compress();
                } catch (...) {
                    if (cancelled()) throw;
                    error = std::current_exception();
                }
                connection.answer(error);
                break;
            }
            case Connection::Step::produce: {
                std::optional<std::string> piece;
                std::exception_ptr error;
                try {
                    piece = co_await connection.next_piece();
                } catch (...) {
                    if (cancelled()) throw;
                    error = std::current_exception();
                }
                connection.take_piece(std::move(piece), error);
                break;
            }
            case Connection::Step::finished:
                co_return false;
        }
    }
}

}  // namespace

Task<void> serve_connection(std::shared_ptr<ServerCore> core, Socket socket, hocket::detail::Acceptor::Place place) {
    Connection connection(std::move(core), std::move(socket), std::move(place));
    bool first = true;
    for (bool again = true; again; first = false) {
        again = false;
        CancelScope scope;
        connection.set_scope(&scope);
        try {
            again = co_await converse(connection, first);
        } catch (...) {
            again = connection.interrupted(std::current_exception());
        }
        connection.set_scope(nullptr);
    }
    co_await connection.drop_generator();
}

}  // namespace hocket::http::detail
