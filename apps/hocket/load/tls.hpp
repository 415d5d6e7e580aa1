#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "hocket/net/socket.hpp"

struct ssl_ctx_st;
struct ssl_st;

namespace hocket::load {

// A failed handshake or a broken TLS record; what() says why.
class TlsError : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

// What the TLS connections to one host share. Verifies certificates against the system's store unless `insecure`.
class TlsContext {
public:
    TlsContext(std::string host, bool insecure);
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;
    ~TlsContext();

private:
    friend class TlsSession;
    std::string host_;
    ssl_ctx_st* context_;
};

// The client's side of one TLS connection over `socket`, which must outlive it and stay where it is. Every call does
// what can be done without waiting; wanted() then tells what to wait for. Throws TlsError, or std::system_error from
// the socket.
class TlsSession {
public:
    enum class Wants { nothing, readable, writable };

    TlsSession(const TlsContext& context, const Socket& socket);
    TlsSession(const TlsSession&) = delete;
    TlsSession& operator=(const TlsSession&) = delete;
    ~TlsSession();

    // Goes on with the handshake; nothing more to wait for when it is complete.
    Wants shake_hands();
    // Sends all of `data` or nothing; the same data must be given again until it is sent.
    Wants send(std::string_view data);
    // As Socket::try_recv().
    std::optional<std::size_t> try_recv(std::span<char> buffer);
    // Whether try_recv() may find something that the socket has delivered already.
    bool has_received() const;

private:
    Wants outcome(int result, const char* what);
    const Socket& socket_;
    ssl_st* session_;
    std::exception_ptr socket_error_;
};

}  // namespace hocket::load
