#include "tls.hpp"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <utility>

namespace hocket::load {
namespace {

// What OpenSSL has last complained of in this thread.
std::string last_complaint() {
    const unsigned long code = ::ERR_peek_last_error();
    ::ERR_clear_error();
    if (code == 0) return "the server closed the connection";
    const char* reason = ::ERR_reason_error_string(code);
    return reason ? reason : "OpenSSL error " + std::to_string(code);
}

// OpenSSL reads and writes through the socket's own functions, so that the loop knows when there is nothing more to
// read.
struct Link {
    const Socket& socket;
    std::exception_ptr& error;
};

template <class Transfer>
int transfer(BIO* bio, int retry_flag, std::size_t* moved, Transfer&& try_transfer) {
    BIO_clear_retry_flags(bio);
    auto& link = *static_cast<Link*>(::BIO_get_data(bio));
    try {
        const std::optional<std::size_t> size = try_transfer(link.socket);
        *moved = size.value_or(0);
        if (!size) BIO_set_flags(bio, retry_flag | BIO_FLAGS_SHOULD_RETRY);
        return size && *size > 0;
    } catch (...) {
        link.error = std::current_exception();
        *moved = 0;
        return 0;
    }
}

int read_socket(BIO* bio, char* data, std::size_t size, std::size_t* moved) {
    return transfer(bio, BIO_FLAGS_READ, moved, [&](const Socket& socket) { return socket.try_recv({data, size}); });
}

int write_socket(BIO* bio, const char* data, std::size_t size, std::size_t* moved) {
    return transfer(bio, BIO_FLAGS_WRITE, moved, [&](const Socket& socket) { return socket.try_send({data, size}); });
}

long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

int destroy_link(BIO* bio) {
    delete static_cast<Link*>(::BIO_get_data(bio));
    return 1;
}

const BIO_METHOD* socket_method() {
    static BIO_METHOD* method = [] {
        BIO_METHOD* made = ::BIO_meth_new(::BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "hocket socket");
        ::BIO_meth_set_read_ex(made, read_socket);
        ::BIO_meth_set_write_ex(made, write_socket);
        ::BIO_meth_set_ctrl(made, control);
        ::BIO_meth_set_destroy(made, destroy_link);
        return made;
    }();
    return method;
}

bool is_address(const std::string& host) {
    unsigned char bytes[16];
    return ::inet_pton(AF_INET, host.c_str(), bytes) == 1 || ::inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

}  // namespace

TlsContext::TlsContext(std::string host, bool insecure)
    : host_(std::move(host)), context_(::SSL_CTX_new(::TLS_client_method())) {
    if (!context_) throw TlsError("cannot set up TLS: " + last_complaint());
    ::SSL_CTX_set_min_proto_version(context_, TLS1_2_VERSION);
    ::SSL_CTX_set_mode(context_, SSL_MODE_RELEASE_BUFFERS);  // memory of idle connections
    ::SSL_CTX_set_read_ahead(context_, 1);                   // one recv() for a whole record
    ::SSL_CTX_set_options(context_, SSL_OP_IGNORE_UNEXPECTED_EOF);
    ::SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_OFF);
    if (insecure) {
        ::SSL_CTX_set_verify(context_, SSL_VERIFY_NONE, nullptr);
    } else {
        ::SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
        ::SSL_CTX_set_default_verify_paths(context_);
    }
}

TlsContext::~TlsContext() { ::SSL_CTX_free(context_); }

TlsSession::TlsSession(const TlsContext& context, const Socket& socket)
    : socket_(socket), session_(::SSL_new(context.context_)) {
    BIO* bio = session_ ? ::BIO_new(socket_method()) : nullptr;
    if (!bio) {
        ::SSL_free(session_);
        throw TlsError("cannot set up a TLS connection: " + last_complaint());
    }
    ::BIO_set_data(bio, new Link{socket_, socket_error_});
    ::BIO_set_init(bio, 1);
    ::SSL_set_bio(session_, bio, bio);
    ::SSL_set_connect_state(session_);
    if (is_address(context.host_)) {
        ::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(session_), context.host_.c_str());
    } else {
        ::SSL_set_tlsext_host_name(session_, context.host_.c_str());
        ::SSL_set1_host(session_, context.host_.c_str());
    }
}

TlsSession::~TlsSession() { ::SSL_free(session_); }

TlsSession::Wants TlsSession::outcome(int result, const char* what) {
    if (result > 0) return Wants::nothing;
    if (socket_error_) std::rethrow_exception(std::exchange(socket_error_, nullptr));
    switch (::SSL_get_error(session_, result)) {
        case SSL_ERROR_WANT_READ:
            return Wants::readable;
        case SSL_ERROR_WANT_WRITE:
            return Wants::writable;
        default:
            break;
    }
    const long verdict = ::SSL_get_verify_result(session_);
    if (verdict == X509_V_OK) throw TlsError(std::string(what) + ": " + last_complaint());
    ::ERR_clear_error();
    throw TlsError(std::string("the server's certificate is not trusted: ") + ::X509_verify_cert_error_string(verdict) +
                   " (-k accepts it)");
}

TlsSession::Wants TlsSession::shake_hands() { return outcome(::SSL_do_handshake(session_), "TLS handshake"); }

TlsSession::Wants TlsSession::send(std::string_view data) {
    std::size_t sent = 0;
    return outcome(::SSL_write_ex(session_, data.data(), data.size(), &sent), "TLS send");
}

bool TlsSession::has_received() const { return SSL_has_pending(session_) == 1; }

std::optional<std::size_t> TlsSession::try_recv(std::span<char> buffer) {
    std::size_t received = 0;
    const int result = ::SSL_read_ex(session_, buffer.data(), buffer.size(), &received);
    if (result > 0) return received;
    if (!socket_error_ && ::SSL_get_error(session_, result) == SSL_ERROR_ZERO_RETURN) return 0;
    if (outcome(result, "TLS receive") == Wants::nothing) return 0;
    return std::nullopt;
}

}  // namespace hocket::load
