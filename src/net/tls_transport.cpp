#include "net/tls_transport.hpp"

#include <algorithm>

#include "hocket/aio/timeout.hpp"

namespace hocket::detail {
namespace {

constexpr std::size_t kBatch = 64 * 1024;   // bytes that are encrypted before they are sent in one go
constexpr std::size_t kKept = 4 * 1024;     // memory that an idle connection may keep for sending
constexpr std::size_t kRecord = 16 * 1024;  // short parts are put together up to this

// None for one that has gone already.
Address address_of_peer(const Transport& transport) {
    try {
        return transport.peer_address();
    } catch (const std::system_error&) {
        return Address();
    }
}

std::string describe_peer(const Transport& transport, const std::string& host) {
    const Address address = address_of_peer(transport);
    const std::string at = address.family() == Address::Family::none ? "" : address.to_string();
    if (host.empty()) return at.empty() ? "the peer" : at;
    return at.empty() ? host : host + " (" + at + ")";
}

std::string session_key(const Transport& transport, const std::string& host) {
    return host + ' ' + std::to_string(address_of_peer(transport).port());
}

}  // namespace

// While a part of the output is on its way.
class TlsTransport::Sending {
public:
    explicit Sending(TlsTransport& transport) noexcept : transport_(transport) { transport.busy_ = true; }
    Sending(const Sending&) = delete;
    Sending& operator=(const Sending&) = delete;
    ~Sending() {
        transport_.busy_ = false;
        transport_.cut_off_ = !complete_;
    }
    void complete() noexcept { complete_ = true; }

private:
    TlsTransport& transport_;
    bool complete_ = false;
};

TlsTransport::TlsTransport(std::unique_ptr<Transport> beneath, std::shared_ptr<TlsContextCore> context,
                           std::string host)
    : beneath_(std::move(beneath)),
      engine_(std::move(context), host, describe_peer(*beneath_, host), session_key(*beneath_, host)) {}

// ---- the handshake

Task<void> TlsTransport::shake_hands() {
    const Duration limit = engine_.context().options().handshake_limit;
    try {
        co_await timeout(limit, exchange_hands());
    } catch (const TimeoutError&) {
        const auto seconds = std::chrono::duration<double>(limit).count();
        std::string text = "hocket: TLS: handshake with " + engine_.peer() + " did not end within ";
        text += std::to_string(seconds).substr(0, 5) + " seconds (TlsOptions::handshake_limit)";
        throw TlsError(TlsErrc::timed_out, std::move(text));
    } catch (const TlsError&) {
        throw;
    } catch (const std::system_error& error) {
        throw std::system_error(error.code(), "hocket: TLS: handshake with " + engine_.peer());
    }
}

Task<void> TlsTransport::exchange_hands() {
    for (;;) {
        const TlsEngine::Step step = engine_.shake_hands();
        if (step == TlsEngine::Step::failed) fail();
        if (!engine_.output.empty()) co_await send_output();
        if (step == TlsEngine::Step::done) co_return;
        const std::size_t size = co_await beneath_->read_some(engine_.input.prepare());
        engine_.input.commit(size);
        if (size == 0)
            throw TlsError(TlsErrc::handshake,
                           "hocket: TLS: handshake with " + engine_.peer() +
                               " failed: it closed the connection; does it speak TLS on this port?");
    }
}

// ---- reading

Task<std::size_t> TlsTransport::read_some(std::span<char> buffer) {
    for (;;) {
        const std::optional<std::size_t> size = engine_.decrypt(buffer);
        if (size) co_return *size;
        if (engine_.failure()) fail();
        const std::size_t received = co_await beneath_->read_some(engine_.input.prepare());
        engine_.input.commit(received);
        if (received == 0)
            throw TlsError(TlsErrc::truncated, "hocket: TLS: the connection to " + engine_.peer() +
                                                   " ended without the peer saying so: what came may be cut short, by "
                                                   "somebody on the way or because the peer died");
    }
}

// ---- writing

void TlsTransport::encrypt(std::string_view data) {
    if (cut_off_)
        throw TlsError(TlsErrc::broken, "hocket: TLS: cannot send to " + engine_.peer() +
                                            ": an earlier write was cancelled or failed within a record; close the "
                                            "stream");
    if (ended_)
        throw std::system_error(EPIPE, std::generic_category(),
                                "hocket: TLS: send to " + engine_.peer() + " after write_eof()");
    engine_.encrypt(data);
    if (engine_.failure()) fail();
}

Task<void> TlsTransport::send_output() {
    Sending sending(*this);
    while (!engine_.output.empty()) {
        sending_.clear();
        std::swap(sending_, engine_.output);
        co_await beneath_->write(sending_);
    }
    sending.complete();
    if (sending_.capacity() > kKept) sending_ = std::string();
    if (engine_.output.capacity() > kKept) engine_.output = std::string();
}

Task<void> TlsTransport::write(std::string_view data) {
    while (!data.empty()) {
        encrypt(data.substr(0, kBatch));
        data.remove_prefix(std::min(data.size(), kBatch));
        co_await send_output();
    }
}

Task<void> TlsTransport::write_vectored(std::span<const std::string_view> parts) {
    std::string small;  // parts that share a record
    for (const std::string_view part : parts) {
        const bool joins = small.size() + part.size() <= kRecord;
        if (joins) small += part;
        if (joins) continue;
        if (!small.empty()) encrypt(std::exchange(small, std::string()));
        co_await write(part);
    }
    co_await write(small);
}

Task<void> TlsTransport::write_eof() {
    if (ended_) co_return;
    encrypt({});
    ended_ = true;
    engine_.announce_end();
    co_await send_output();
}

// ---- the end

void TlsTransport::fail() {
    say_last();
    std::rethrow_exception(engine_.failure());
}

void TlsTransport::say_last() noexcept {
    if (busy_ || cut_off_ || engine_.output.empty()) return;
    beneath_->write_last(engine_.output);
    engine_.output.clear();
}

void TlsTransport::write_last(std::string_view data) noexcept {
    if (busy_ || cut_off_ || ended_ || engine_.failure()) return;
    try {
        engine_.encrypt(data);
    } catch (const std::bad_alloc&) {
        return;
    }
    if (!engine_.failure()) say_last();
}

void TlsTransport::close() noexcept {
    if (beneath_->fileno() >= 0 && engine_.established() && !engine_.failure() && !ended_ && !busy_ && !cut_off_) {
        ended_ = true;
        engine_.announce_end();
        say_last();
    }
    beneath_->close();
}

}  // namespace hocket::detail
