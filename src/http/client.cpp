#include "hocket/http/client.hpp"

#include <charconv>

#include "client_core.hpp"
#include "client_request.hpp"
#include "client_retry.hpp"
#include "client_transfer.hpp"
#include "hocket/aio/cancel_scope.hpp"
#include "hocket/aio/gather.hpp"
#include "hocket/aio/race.hpp"
#include "hocket/aio/sleep.hpp"
#include "hocket/aio/timeout.hpp"
#include "hocket/core/errors.hpp"

namespace hocket::http {
namespace {

using detail::ClientCore;
using detail::ClientRequest;
using detail::ClientRetry;
using detail::ClientTransfer;
using detail::Deliver;

constexpr Duration kTimeout = std::chrono::minutes(5);

std::string in_seconds(Duration limit) {
    char digits[32];
    const double seconds = std::chrono::duration<double>(limit).count();
    const auto [end, error] = std::to_chars(digits, digits + sizeof digits, seconds, std::chars_format::general, 6);
    return std::string(digits, end) + " s";
}

// Awaits `work` for at most `limit`; gives nothing when the time is up.
template <class T>
Task<std::optional<T>> within(Duration limit, Task<T> work) {
    CancelScope scope;
    scope.set_deadline(hocket::detail::saturating_add(EventLoop::current().time(), limit));
    try {
        co_return co_await std::move(work);
    } catch (const CancelledError&) {
        if (!scope.timed_out() || !scope.owns_cancellation()) throw;
    }
    co_return std::nullopt;
}

Task<bool> until_head(ClientTransfer& transfer) {
    co_await transfer.until_head();
    co_return true;
}

Task<void> await_first_byte(ClientTransfer& transfer, const ClientRequest& request) {
    const auto limit = request.options().first_byte_timeout;
    if (!limit) co_return;
    const std::optional<bool> in_time = co_await within(*limit, until_head(transfer));
    if (!in_time)
        throw TimeoutError("hocket: " + request.name() + ": no response has begun within " + in_seconds(*limit));
}

// The server may answer, or go, before it has everything.
Task<void> send_pieces(ClientTransfer& transfer, ClientRequest& request) {
    auto sending = race(transfer.send_pieces(request), transfer.until_end());
    co_await std::move(sending);
}

// One request, one response: to its end, or to its head if the body is delivered in pieces.
Task<std::unique_ptr<ClientTransfer>> attempt(std::shared_ptr<ClientCore> core, ClientRequest& request,
                                              Deliver deliver) {
    auto transfer = std::make_unique<ClientTransfer>(core, request, deliver);
    co_await transfer->start(request);
    if (request.body().has_pieces()) {
        auto both = gather(send_pieces(*transfer, request), await_first_byte(*transfer, request));
        co_await std::move(both);
    } else {
        co_await await_first_byte(*transfer, request);
    }
    if (deliver == Deliver::pieces) {
        co_await transfer->until_head();
        if (!transfer->has_head()) transfer->check();
    } else {
        co_await transfer->until_end();
        transfer->check();
    }
    co_return transfer;
}

// Attempts, through failures and redirects, until one gives the response that is wanted.
Task<std::unique_ptr<ClientTransfer>> exchange(std::shared_ptr<ClientCore> core, ClientRequest& request,
                                               Deliver deliver) {
    const Retry policy = request.options().retry.value_or(Retry());
    ClientRetry retry(policy, core->random());
    for (;;) {
        std::unique_ptr<ClientTransfer> transfer;
        std::optional<Duration> pause;
        try {
            transfer = co_await attempt(core, request, deliver);
        } catch (const Error& error) {
            if (request.replayable()) pause = retry.after(error.failure(), request.method());
            if (!pause) throw;
        }
        if (transfer) {
            const Headers& headers = transfer->headers();
            const int status = transfer->status();
            const std::string method = request.method();
            const bool redirected = request.redirect(status, std::string(headers.get("Location")));
            if (!redirected && request.replayable()) pause = retry.after(status, method, headers.get("Retry-After"));
            if (!redirected && !pause) co_return transfer;
            co_await transfer->discard();
        }
        transfer.reset();  // somebody else may have the place meanwhile
        if (pause) co_await sleep(*pause);
    }
}

Task<std::unique_ptr<ClientTransfer>> exchange_in_time(std::shared_ptr<ClientCore> core, ClientRequest& request,
                                                       Deliver deliver) {
    const Duration limit = request.options().timeout.value_or(kTimeout);
    auto transfer = co_await within(limit, exchange(std::move(core), request, deliver));
    if (!transfer) throw TimeoutError("hocket: " + request.name() + ": no response within " + in_seconds(limit));
    co_return std::move(*transfer);
}

Task<std::unique_ptr<ClientTransfer>> perform(std::shared_ptr<ClientCore> core, std::string method, std::string url,
                                              Body body, Options options, Deliver deliver) {
    core->settle();
    detail::OptionValues values = options.values();
    values.complete(core->options().defaults.values());
    ClientRequest request(std::move(method), url, std::move(body), std::move(values));
    if (!request.body().has_pieces()) co_return co_await exchange_in_time(std::move(core), request, deliver);
    const auto close_pieces = [&] { return request.close_pieces(); };
    co_return co_await finally(exchange_in_time(std::move(core), request, deliver), close_pieces);
}

Task<Response> perform_whole(std::shared_ptr<ClientCore> core, std::string method, std::string url, Body body,
                             Options options) {
    auto transfer = co_await perform(std::move(core), std::move(method), std::move(url), std::move(body),
                                     std::move(options), Deliver::whole);
    co_return transfer->take_response();
}

Task<std::string> read_some(ClientTransfer& transfer) {
    co_await transfer.until_readable();
    std::string piece = transfer.take_body();
    if (piece.empty()) transfer.check();
    co_return piece;
}

Task<std::string> read_rest(ClientTransfer& transfer) {
    std::string all = co_await read_some(transfer);
    for (std::string piece = all; !piece.empty(); all += piece) piece = co_await read_some(transfer);
    co_return all;
}

}  // namespace

// ---- ResponseStream

ResponseStream::ResponseStream(std::unique_ptr<detail::ClientTransfer> transfer) noexcept
    : transfer_(std::move(transfer)) {}
ResponseStream::ResponseStream(ResponseStream&& other) noexcept = default;
ResponseStream& ResponseStream::operator=(ResponseStream&& other) noexcept = default;
ResponseStream::~ResponseStream() = default;

detail::ClientTransfer& ResponseStream::transfer() const {
    if (!transfer_) throw InvalidStateError("hocket: this response was moved away");
    return *transfer_;
}

int ResponseStream::status() const { return transfer().status(); }
std::string_view ResponseStream::header(std::string_view name) const { return headers().get(name); }
const Headers& ResponseStream::headers() const { return transfer().headers(); }
const std::string& ResponseStream::url() const { return transfer().url(); }
Task<std::string> ResponseStream::read() { return read_some(transfer()); }
Task<std::string> ResponseStream::read_all() { return read_rest(transfer()); }

// ---- Client

Client::Client(ClientOptions options) : core_(std::make_shared<ClientCore>(std::move(options))) {}
Client::~Client() { core_->close(); }

Task<Response> Client::get(std::string url, Options options) {
    return request("GET", std::move(url), Body(), std::move(options));
}
Task<Response> Client::head(std::string url, Options options) {
    return request("HEAD", std::move(url), Body(), std::move(options));
}
Task<Response> Client::post(std::string url, Body body, Options options) {
    return request("POST", std::move(url), std::move(body), std::move(options));
}
Task<Response> Client::put(std::string url, Body body, Options options) {
    return request("PUT", std::move(url), std::move(body), std::move(options));
}
Task<Response> Client::patch(std::string url, Body body, Options options) {
    return request("PATCH", std::move(url), std::move(body), std::move(options));
}
Task<Response> Client::del(std::string url, Options options) {
    return request("DELETE", std::move(url), Body(), std::move(options));
}

Task<Response> Client::request(std::string method, std::string url, Body body, Options options) {
    return perform_whole(core_, std::move(method), std::move(url), std::move(body), std::move(options));
}

Task<ResponseStream> Client::stream(std::string method, std::string url, Body body, Options options) {
    return perform_pieces(core_, std::move(method), std::move(url), std::move(body), std::move(options));
}

Task<ResponseStream> Client::perform_pieces(std::shared_ptr<ClientCore> core, std::string method, std::string url,
                                            Body body, Options options) {
    auto transfer = co_await perform(std::move(core), std::move(method), std::move(url), std::move(body),
                                     std::move(options), Deliver::pieces);
    co_return ResponseStream(std::move(transfer));
}

std::size_t Client::active() const noexcept { return core_->active(); }
std::vector<Cookie> Client::cookies() const { return core_->cookies(); }
void Client::clear_cookies() { core_->clear_cookies(); }

}  // namespace hocket::http
