#include "http/wire.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <system_error>

#include "hocket/aio/timeout.hpp"
#include "net/no_sigpipe.hpp"
#include "net/tls_engine.hpp"
#include "net/try_call.hpp"

namespace hocket::http::detail {
namespace {

using hocket::detail::TlsEngine;

constexpr std::size_t kBatch = 64 * 1024;  // encrypted at a time: four records, one system call
constexpr std::size_t kKept = 4 * 1024;    // memory that an idle connection may keep for sending

std::string name_of_peer(const Socket& socket) {
    try {
        const Address address = socket.peer_address();
        if (address.family() == Address::Family::none) return "the peer";
        return address.to_string();
    } catch (const std::system_error&) {
        return "the peer";  // it has gone already
    }
}

}  // namespace

Wire::Wire(Socket socket) noexcept : socket_(std::move(socket)) {}

Wire::~Wire() { announce_end(); }

// ---- the handshake

void Wire::encrypt_by(const TlsContext& context) {
    engine_ = std::make_unique<TlsEngine>(hocket::detail::TlsContextCore::of(context), "", name_of_peer(socket_), "");
}

Task<void> Wire::shake_hands() {
    const Duration limit = engine_->context().options().handshake_limit;
    try {
        co_await timeout(limit, exchange_hands());
    } catch (const TimeoutError&) {
        throw TlsError(TlsErrc::timed_out, "hocket: TLS: handshake with " + engine_->peer() +
                                               " did not end in time (TlsOptions::handshake_limit)");
    } catch (const TlsError&) {
        throw;
    } catch (const std::system_error& error) {
        throw std::system_error(error.code(), "hocket: TLS: handshake with " + engine_->peer());
    }
    info_ = std::make_shared<const TlsInfo>(engine_->info());
}

Task<void> Wire::exchange_hands() {
    for (;;) {
        const TlsEngine::Step step = engine_->shake_hands();
        if (step == TlsEngine::Step::failed) fail();
        for (bool sent = flush(); !sent; sent = flush()) co_await socket_.async_wait_writable();
        if (step == TlsEngine::Step::done) co_return;
        const std::optional<std::size_t> size = receive_encrypted();
        if (!size) co_await socket_.async_wait_readable();
        if (size == std::size_t{0})
            throw TlsError(TlsErrc::handshake,
                           "hocket: TLS: handshake with " + engine_->peer() + " failed: it closed the connection");
    }
}

void Wire::fail() {
    const std::exception_ptr failure = engine_->failure();
    try {
        (void)flush();  // an alert says why
    } catch (const std::system_error&) {
        // Nobody is there to hear it.
    }
    std::rethrow_exception(failure);
}

// ---- receiving

std::optional<std::size_t> Wire::receive_encrypted() {
    const std::optional<std::size_t> size = socket_.try_recv(engine_->input.prepare());
    if (size) engine_->input.commit(*size);
    return size;
}

std::optional<std::size_t> Wire::try_recv(std::span<char> buffer) {
    if (!engine_) return socket_.try_recv(buffer);
    for (;;) {
        const std::optional<std::size_t> size = engine_->decrypt(buffer);
        if (size) return size;
        if (engine_->failure()) fail();
        const std::optional<std::size_t> received = receive_encrypted();
        if (received && *received > 0) continue;
        (void)flush();  // an answer of TLS' own
        return received;
    }
}

// ---- sending

bool Wire::flush() {
    if (!engine_ || engine_->output.empty()) return true;
    std::string& output = engine_->output;
    while (sent_ < output.size()) {
        const std::optional<std::size_t> size = socket_.try_send(std::string_view(output).substr(sent_));
        if (!size) return false;
        sent_ += *size;
    }
    sent_ = 0;
    output.clear();
    if (output.capacity() > kKept) output = std::string();
    return true;
}

std::optional<std::size_t> Wire::try_send(std::string_view data) {
    if (!engine_) return socket_.try_send(data);
    if (!flush()) return std::nullopt;
    const std::string_view batch = data.substr(0, kBatch);
    engine_->encrypt(batch);
    if (engine_->failure()) fail();
    (void)flush();
    return batch.size();
}

std::optional<std::size_t> Wire::try_send_file(int file, std::uint64_t offset, std::size_t size,
                                               std::span<char> buffer) {
    auto place = static_cast<off_t>(offset);
    if (!engine_) {
        const hocket::detail::NoSigpipe guard;
        return hocket::detail::try_call("send a file",
                                        [&] { return ::sendfile(socket_.fileno(), file, &place, size); });
    }
    if (!flush()) return std::nullopt;
    const std::size_t piece = std::min({size, buffer.size(), kBatch});
    const std::optional<std::size_t> read =
        hocket::detail::try_call("read a file", [&] { return ::pread(file, buffer.data(), piece, place); });
    if (!read || *read == 0) return read;
    return try_send(std::string_view(buffer.data(), *read));
}

std::size_t Wire::not_taken() const noexcept {
    int size = 0;
    (void)::ioctl(socket_.fileno(), SIOCOUTQ, &size);
    return static_cast<std::size_t>(size);
}

// ---- the end

// No coroutine, no loop: it may run when these have ended.
void Wire::announce_end() noexcept {
    if (!engine_ || !socket_.is_open() || !engine_->established() || engine_->failure()) return;
    if (std::exchange(announced_, true) || !engine_->output.empty()) return;  // behind a part of a record it has no use
    engine_->announce_end();
    const std::string& output = engine_->output;
    (void)!::send(socket_.fileno(), output.data(), output.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    engine_->output.clear();
}

void Wire::end_sending() {
    announce_end();
    socket_.shutdown_send();
}

void Wire::reset_when_closed() noexcept {
    const linger reset{1, 0};
    ::setsockopt(socket_.fileno(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    announced_ = true;
}

}  // namespace hocket::http::detail
