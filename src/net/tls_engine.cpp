#include "net/tls_engine.hpp"

#include <arpa/inet.h>
#include <openssl/err.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "net/tls_certificate.hpp"
#include "net/tls_failure.hpp"

namespace hocket::detail {
namespace {

// OpenSSL's way to the buffers of an engine.

TlsEngine& engine_of(BIO* bio) { return *static_cast<TlsEngine*>(::BIO_get_data(bio)); }

int read_input(BIO* bio, char* data, std::size_t size, std::size_t* moved) {
    BIO_clear_retry_flags(bio);
    ReadBuffer& input = engine_of(bio).input;
    const std::string_view bytes = input.data().substr(0, size);
    *moved = bytes.size();
    if (bytes.empty()) {
        BIO_set_retry_read(bio);
        return 0;  // and hands off the buffer: somebody may be receiving into it
    }
    std::memcpy(data, bytes.data(), bytes.size());
    input.consume(bytes.size());
    return 1;
}

int write_output(BIO* bio, const char* data, std::size_t size, std::size_t* moved) {
    BIO_clear_retry_flags(bio);
    try {
        engine_of(bio).output.append(data, size);
        *moved = size;
        return 1;
    } catch (const std::bad_alloc&) {
        *moved = 0;  // C code is around us
        return 0;
    }
}

long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

const BIO_METHOD* buffers_method() {
    static BIO_METHOD* const method = [] {
        BIO_METHOD* made = ::BIO_meth_new(::BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "hocket buffers");
        if (!made) throw std::bad_alloc();
        ::BIO_meth_set_read_ex(made, read_input);
        ::BIO_meth_set_write_ex(made, write_output);
        ::BIO_meth_set_ctrl(made, control);
        return made;
    }();
    return method;
}

bool is_numeric(const std::string& host) {
    unsigned char bytes[16];
    return ::inet_pton(AF_INET, host.c_str(), bytes) == 1 || ::inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

std::string alpn_of(const SSL& connection) {
    const unsigned char* data = nullptr;
    unsigned int size = 0;
    ::SSL_get0_alpn_selected(&connection, &data, &size);
    return std::string(reinterpret_cast<const char*>(data), size);
}

}  // namespace

TlsEngine::TlsEngine(std::shared_ptr<TlsContextCore> context, std::string host, std::string peer, std::string server)
    : context_(std::move(context)),
      host_(std::move(host)),
      peer_(std::move(peer)),
      server_(std::move(server)),
      connection_(context_->new_connection(this)) {
    BIO* bio = ::BIO_new(buffers_method());
    if (!bio) throw std::bad_alloc();
    ::BIO_set_data(bio, this);
    ::BIO_set_init(bio, 1);
    ::SSL_set_bio(connection_.get(), bio, bio);
    if (!context_->is_client) {
        ::SSL_set_accept_state(connection_.get());
        return;
    }
    ::SSL_set_connect_state(connection_.get());
    expect_host();
    if (const SslSessionHandle session = context_->sessions.take(server_))
        ::SSL_set_session(connection_.get(), session.get());
}

TlsEngine::~TlsEngine() {
    // Without this, OpenSSL would take a connection that was just dropped as a reason to forget its session.
    if (established_ && !failure_) ::SSL_set_shutdown(connection_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

void TlsEngine::expect_host() {
    if (host_.empty() && context_->checks_host())
        throw std::invalid_argument(
            "hocket: TLS: tell whom the certificate must name, or set TlsClientOptions::trust or pinned");
    if (host_.empty()) return;
    std::string host = host_.substr(0, host_.find('%'));  // a link-local address has its interface after it
    if (host.back() == '.') host.pop_back();
    X509_VERIFY_PARAM* expected = ::SSL_get0_param(connection_.get());
    bool good = false;
    if (is_numeric(host)) {
        good = ::X509_VERIFY_PARAM_set1_ip_asc(expected, host.c_str()) == 1;
    } else {
        ::X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        good = ::X509_VERIFY_PARAM_set1_host(expected, host.data(), host.size()) == 1 &&
               SSL_set_tlsext_host_name(connection_.get(), host.c_str()) == 1;
    }
    if (!good) throw std::invalid_argument("hocket: TLS: \"" + host_ + "\" can be no host name");
}

TlsEngine& TlsEngine::of(const SSL& connection) { return *static_cast<TlsEngine*>(SSL_get_app_data(&connection)); }

TlsEngine& TlsEngine::of(X509_STORE_CTX& store) {
    return of(*static_cast<const SSL*>(::X509_STORE_CTX_get_ex_data(&store, ::SSL_get_ex_data_X509_STORE_CTX_idx())));
}

void TlsEngine::rejects_certificate(X509_STORE_CTX& store) { rejection_ = describe_rejection(store, *context_, host_); }

TlsEngine::Step TlsEngine::outcome(int result, const char* attempted) {
    if (result > 0) return Step::done;
    if (::SSL_get_error(connection_.get(), result) == SSL_ERROR_WANT_READ) {
        if (output.size() <= kMostUnsent) return Step::wants_input;
        failure_ = std::make_exception_ptr(
            TlsError(TlsErrc::broken, "hocket: TLS: " + peer_ + " asks for too many answers without reading them"));
    } else {
        failure_ = std::make_exception_ptr(tls_failure(attempted + peer_, rejection_, *context_, !established_));
    }
    return Step::failed;
}

TlsEngine::Step TlsEngine::shake_hands() {
    ::ERR_clear_error();
    const Step step = outcome(::SSL_do_handshake(connection_.get()), "handshake with ");
    established_ = step == Step::done;
    tickets_due_ = established_ && !context_->is_client && ::SSL_version(connection_.get()) == TLS1_3_VERSION;
    return step;
}

// Tickets go out with the first data. By themselves, right after the handshake, they would meet clients that only write
// and then close: what is unread when a socket closes resets the connection, and what was written is lost.
void TlsEngine::give_tickets() {
    const int tickets = ::SSL_session_reused(connection_.get()) == 1 ? 1 : 2;
    for (int i = 0; i < tickets; ++i) (void)::SSL_new_session_ticket(connection_.get());
    tickets_due_ = false;
}

std::optional<std::size_t> TlsEngine::decrypt(std::span<char> buffer) {
    std::size_t filled = 0;
    while (!failure_ && filled < buffer.size()) {
        ::ERR_clear_error();
        std::size_t size = 0;
        const int result = ::SSL_read_ex(connection_.get(), buffer.data() + filled, buffer.size() - filled, &size);
        if (result <= 0 && ::SSL_get_error(connection_.get(), result) == SSL_ERROR_ZERO_RETURN) return filled;
        if (outcome(result, "receiving from ") != Step::done) break;
        filled += size;
    }
    return filled > 0 ? std::optional(filled) : std::nullopt;
}

void TlsEngine::encrypt(std::string_view data) {
    if (tickets_due_ && !data.empty()) give_tickets();
    constexpr std::size_t kRecord = SSL3_RT_MAX_PLAIN_LENGTH;
    constexpr std::size_t kOverhead = 64;  // of one record, generously
    output.reserve(output.size() + data.size() + (data.size() / kRecord + 1) * kOverhead);
    while (!failure_ && !data.empty()) {
        ::ERR_clear_error();
        std::size_t size = 0;
        const int result = ::SSL_write_ex(connection_.get(), data.data(), data.size(), &size);
        if (outcome(result, "sending to ") == Step::wants_input)
            failure_ = std::make_exception_ptr(
                TlsError(TlsErrc::broken, "hocket: TLS: " + peer_ + " wants another handshake, which is not done"));
        data.remove_prefix(size);
    }
}

void TlsEngine::announce_end() noexcept {
    ::ERR_clear_error();
    (void)::SSL_shutdown(connection_.get());
    ::ERR_clear_error();
}

TlsInfo TlsEngine::info() const {
    TlsInfo info;
    info.version = ::SSL_get_version(connection_.get());
    info.cipher = ::SSL_get_cipher_name(connection_.get());
    info.alpn = alpn_of(*connection_);
    if (const char* name = ::SSL_get_servername(connection_.get(), TLSEXT_NAMETYPE_host_name)) info.server_name = name;
    info.resumed = ::SSL_session_reused(connection_.get()) == 1;
    const CertificateHandle certificate(::SSL_get1_peer_certificate(connection_.get()));
    if (certificate) info.peer = describe_certificate(*certificate);
    return info;
}

}  // namespace hocket::detail
