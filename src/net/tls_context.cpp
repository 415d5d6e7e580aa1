#include <openssl/err.h>

#include <algorithm>
#include <stdexcept>

#include "net/tls_certificate.hpp"
#include "net/tls_context_core.hpp"
#include "net/tls_engine.hpp"
#include "net/tls_failure.hpp"
#include "net/tls_key_log.hpp"

namespace hocket {
namespace detail {
namespace {

void must(long result, const std::string& attempted) {
    if (result != 1) throw_tls_configuration(attempted);
}

std::string quoted(const std::filesystem::path& path) { return '"' + path.string() + '"'; }

std::string in_wire_form(const std::vector<std::string>& protocols) {
    std::string wire;
    for (const std::string& protocol : protocols) {
        if (protocol.empty() || protocol.size() > 255)
            throw std::invalid_argument("hocket: TLS: the name of an ALPN protocol has 1 to 255 bytes");
        wire += static_cast<char>(protocol.size());
        wire += protocol;
    }
    return wire;
}

std::string normalized_pin(const std::string& pin) {
    std::string digits;
    for (const char c : pin) {
        if (c != ':') digits += static_cast<char>(c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);
    }
    if (digits.size() != 64 || digits.find_first_not_of("0123456789abcdef") != std::string::npos)
        throw std::invalid_argument(
            "hocket: TLS: a pinned certificate is named by its SHA-256 fingerprint, 64 "
            "hexadecimal digits, not by \"" +
            pin + '"');
    return digits;
}

std::vector<std::string> normalized_pins(const std::vector<std::string>& pins) {
    std::vector<std::string> result;
    for (const std::string& pin : pins) result.push_back(normalized_pin(pin));
    return result;
}

// Never asks at the terminal.
int give_password(char* buffer, int size, int, void* options) {
    const std::string& password = static_cast<const TlsOptions*>(options)->key_password;
    if (password.empty() || password.size() > static_cast<std::size_t>(size)) return -1;
    std::copy(password.begin(), password.end(), buffer);
    return static_cast<int>(password.size());
}

void load_certificate(SSL_CTX& context, const TlsOptions& options) {
    if (options.certificate.empty()) return;
    ::SSL_CTX_set_default_passwd_cb(&context, give_password);
    ::SSL_CTX_set_default_passwd_cb_userdata(&context, const_cast<TlsOptions*>(&options));
    const std::filesystem::path& key = options.key.empty() ? options.certificate : options.key;
    must(::SSL_CTX_use_certificate_chain_file(&context, options.certificate.c_str()),
         "use the certificate in " + quoted(options.certificate));
    must(::SSL_CTX_use_PrivateKey_file(&context, key.c_str(), SSL_FILETYPE_PEM),
         "use the private key in " + quoted(key) + " for the certificate in " + quoted(options.certificate));
}

void load_ca(SSL_CTX& context, const TlsOptions& options) {
    for (const std::filesystem::path& ca : options.ca) {
        const bool folder = std::filesystem::is_directory(ca);
        must(
            folder ? ::SSL_CTX_load_verify_dir(&context, ca.c_str()) : ::SSL_CTX_load_verify_file(&context, ca.c_str()),
            "use the CAs in " + quoted(ca));
    }
}

int look_at_certificate(int accepted, X509_STORE_CTX* store) {
    if (accepted != 1) TlsEngine::of(*store).rejects_certificate(*store);
    return accepted;
}

int keep_session(SSL* connection, SSL_SESSION* session) {
    SslSessionHandle ours(session);
    try {
        TlsEngine::of(*connection).keep_session(std::move(ours));
    } catch (const std::bad_alloc&) {
        // C code is around us; the next connection begins from scratch.
    }
    return 1;
}

}  // namespace

TlsContextCore::TlsContextCore(TlsClientOptions options)
    : is_client(true),
      client_(std::move(options)),
      protocols_(in_wire_form(client_.alpn)),
      pins_(normalized_pins(client_.pinned)),
      made_(make()) {}

TlsContextCore::TlsContextCore(TlsServerOptions options)
    : is_client(false), server_(std::move(options)), protocols_(in_wire_form(server_.alpn)), made_(make()) {}

bool TlsContextCore::checks_host() const noexcept {
    return is_client && client_.trust != TlsClientOptions::Trust::everybody && pins_.empty();
}

SslContextHandle TlsContextCore::make() {
    ::ERR_clear_error();
    SslContextHandle made(::SSL_CTX_new(is_client ? ::TLS_client_method() : ::TLS_server_method()));
    if (!made) throw_tls_configuration("set up OpenSSL");
    SSL_CTX& context = *made;
    const TlsOptions& how = options();
    const int least = how.min_version == TlsVersion::tls1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;
    must(::SSL_CTX_set_min_proto_version(&context, least), "set the least version");
    // Memory of idle connections; a write that goes record by record.
    ::SSL_CTX_set_mode(&context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE);
    ::SSL_CTX_set_options(&context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    if (!how.ciphers.empty())
        must(::SSL_CTX_set_cipher_list(&context, how.ciphers.c_str()), "use the ciphers " + how.ciphers);
    if (!how.cipher_suites.empty())
        must(::SSL_CTX_set_ciphersuites(&context, how.cipher_suites.c_str()), "use the ciphers " + how.cipher_suites);
    load_certificate(context, how);
    load_ca(context, how);
    log_keys(context);
    if (is_client) {
        set_up_client(context);
    } else {
        set_up_server(context);
    }
    return made;
}

void TlsContextCore::set_up_client(SSL_CTX& context) {
    using Trust = TlsClientOptions::Trust;
    if (client_.trust == Trust::system) must(::SSL_CTX_set_default_verify_paths(&context), "find the system's CAs");
    const bool verifies = client_.trust != Trust::everybody || !pins_.empty();
    ::SSL_CTX_set_verify(&context, verifies ? SSL_VERIFY_PEER : SSL_VERIFY_NONE,
                         verifies ? look_at_certificate : nullptr);
    if (!pins_.empty()) ::SSL_CTX_set_cert_verify_callback(&context, check_pin, this);
    const auto* wire = reinterpret_cast<const unsigned char*>(protocols_.data());
    if (::SSL_CTX_set_alpn_protos(&context, wire, static_cast<unsigned int>(protocols_.size())) != 0)
        throw_tls_configuration("offer these ALPN protocols");
    ::SSL_CTX_set_session_cache_mode(&context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    ::SSL_CTX_sess_set_new_cb(&context, keep_session);
}

void TlsContextCore::set_up_server(SSL_CTX& context) {
    using Asked = TlsServerOptions::ClientCertificate;
    if (server_.certificate.empty())
        throw TlsError(TlsErrc::configuration,
                       "hocket: TLS: a server needs a certificate: set "
                       "TlsServerOptions::certificate and key");
    // Sessions live in the tickets that clients keep; nothing is kept here.
    ::SSL_CTX_set_session_cache_mode(&context, SSL_SESS_CACHE_OFF);
    ::SSL_CTX_set_num_tickets(&context, 0);  // TlsEngine gives them
    static constexpr unsigned char kName[] = "hocket";
    must(::SSL_CTX_set_session_id_context(&context, kName, sizeof kName), "name its sessions");
    ::SSL_CTX_set_options(&context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    if (!protocols_.empty()) ::SSL_CTX_set_alpn_select_cb(&context, choose_protocol, this);
    if (server_.client_certificate == Asked::none) return;
    const int refuse = server_.client_certificate == Asked::required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
    ::SSL_CTX_set_verify(&context, SSL_VERIFY_PEER | refuse, look_at_certificate);
    STACK_OF(X509_NAME)* names = sk_X509_NAME_new_null();
    for (const std::filesystem::path& ca : server_.ca) {
        if (std::filesystem::is_directory(ca)) {
            ::SSL_add_dir_cert_subjects_to_stack(names, ca.c_str());
        } else {
            ::SSL_add_file_cert_subjects_to_stack(names, ca.c_str());
        }
    }
    ::SSL_CTX_set_client_CA_list(&context, names);  // which owns them now
}

int TlsContextCore::choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size,
                                    const unsigned char* offered, unsigned int offered_size, void* self) {
    const std::string& ours = static_cast<const TlsContextCore*>(self)->protocols_;
    const int found = ::SSL_select_next_proto(const_cast<unsigned char**>(chosen), size,
                                              reinterpret_cast<const unsigned char*>(ours.data()),
                                              static_cast<unsigned int>(ours.size()), offered, offered_size);
    return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

int TlsContextCore::check_pin(X509_STORE_CTX* store, void* self) {
    const auto& pins = static_cast<const TlsContextCore*>(self)->pins_;
    const X509* shown = ::X509_STORE_CTX_get0_cert(store);
    const std::string fingerprint = shown ? fingerprint_of(*shown) : std::string();
    if (std::find(pins.begin(), pins.end(), fingerprint) != pins.end()) return 1;
    ::X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
    TlsEngine::of(*store).rejects_certificate("its certificate is none of those in TlsClientOptions::pinned, but " +
                                              fingerprint);
    return 0;
}

SslHandle TlsContextCore::new_connection(void* owner) const {
    ::ERR_clear_error();
    SslHandle connection;
    {
        const std::scoped_lock guard(mutex_);
        connection.reset(::SSL_new(made_.get()));
    }
    if (!connection || SSL_set_app_data(connection.get(), owner) != 1) throw_tls_configuration("set up a connection");
    return connection;
}

void TlsContextCore::reload() {
    SslContextHandle fresh = make();
    {
        const std::scoped_lock guard(mutex_);
        std::swap(made_, fresh);
    }
    sessions.clear();
}

}  // namespace detail

TlsContext TlsContext::client(TlsClientOptions options) {
    return TlsContext(std::make_shared<detail::TlsContextCore>(std::move(options)));
}

TlsContext TlsContext::server(TlsServerOptions options) {
    return TlsContext(std::make_shared<detail::TlsContextCore>(std::move(options)));
}

bool TlsContext::is_client() const noexcept { return core_ && core_->is_client; }

void TlsContext::reload() {
    if (!core_) throw InvalidStateError("hocket: this TlsContext is empty: make one by client() or server()");
    core_->reload();
}

}  // namespace hocket
