// What is behind a TlsContext.
#pragma once
#include <mutex>
#include <string>
#include <vector>

#include "hocket/net/tls.hpp"
#include "net/tls_handles.hpp"
#include "net/tls_session_cache.hpp"

namespace hocket::detail {

/// One end's settings, and OpenSSL's form of them. All connections keep it alive, and OpenSSL's callbacks refer to it.
/// Thread-safe: the options never change, `made_` is replaced as a whole under the mutex.
class TlsContextCore {
public:
    explicit TlsContextCore(TlsClientOptions options);
    explicit TlsContextCore(TlsServerOptions options);
    TlsContextCore(const TlsContextCore&) = delete;
    TlsContextCore& operator=(const TlsContextCore&) = delete;

    /// That of a context, which is not empty.
    static std::shared_ptr<TlsContextCore> of(const TlsContext& context) noexcept { return context.core_; }

    /// One connection's state, with the callbacks' way back to `owner`. Throws TlsError.
    SslHandle new_connection(void* owner) const;
    void reload();

    const TlsOptions& options() const noexcept { return is_client ? static_cast<const TlsOptions&>(client_) : server_; }
    /// Whether the other end's name is verified, so that it must be known.
    bool checks_host() const noexcept;

    const bool is_client;
    TlsSessionCache sessions;

private:
    SslContextHandle make();
    void set_up_client(SSL_CTX& context);
    void set_up_server(SSL_CTX& context);
    static int choose_protocol(SSL* connection, const unsigned char** chosen, unsigned char* size,
                               const unsigned char* offered, unsigned int offered_size, void* self);
    static int check_pin(X509_STORE_CTX* store, void* self);

    const TlsClientOptions client_;
    const TlsServerOptions server_;
    std::string protocols_;          // ALPN's form: each with its length before it
    std::vector<std::string> pins_;  // as fingerprint_of() gives them
    mutable std::mutex mutex_;
    SslContextHandle made_;
};

}  // namespace hocket::detail
