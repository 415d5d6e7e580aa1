// TLS: encrypted streams, by OpenSSL.
#pragma once
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "hocket/core/clock.hpp"
#include "hocket/net/stream.hpp"
#include "hocket/net/tls_error.hpp"
#include "hocket/net/tls_info.hpp"

namespace hocket {
namespace detail {
class TlsContextCore;
}

enum class TlsVersion { tls1_2, tls1_3 };

/// What both ends may set. Files are in PEM form.
class TlsOptions {
public:
    TlsOptions() = default;
    /// Nothing older is spoken.
    TlsVersion min_version = TlsVersion::tls1_2;
    /// Protocols to speak inside, the preferred one first (ALPN, RFC 7301), such as "h2" and "http/1.1".
    std::vector<std::string> alpn;
    /// Our certificate, followed in its file by those between it and its CA; none: we show none.
    std::filesystem::path certificate;
    /// Its private key; empty: it is in the file of the certificate.
    std::filesystem::path key;
    /// For a key that is encrypted.
    std::string key_password;
    /// CAs whose certificates we trust, in files, or in folders as c_rehash makes them.
    std::vector<std::filesystem::path> ca;
    /// OpenSSL's list of ciphers for TLS 1.2, and that for TLS 1.3; empty: its defaults, which are good.
    std::string ciphers;
    std::string cipher_suites;
    /// How long a handshake may take before it fails with TlsErrc::timed_out.
    Duration handshake_limit = std::chrono::seconds(30);
};

class TlsClientOptions : public TlsOptions {
public:
    TlsClientOptions() = default;
    enum class Trust {
        system,    ///< servers with a certificate of the system's CAs (or $SSL_CERT_FILE, $SSL_CERT_DIR) or of `ca`
        only_ca,   ///< those with one of `ca` alone
        everybody  ///< anybody: for tests. Whoever is on the way can read and alter what is sent.
    };
    Trust trust = Trust::system;
    /// Fingerprints (TlsCertificate::fingerprint, in either case, with or without colons). If there are any, a server
    /// must show one of these certificates, and nothing else is asked of it: no CA, no name, no date.
    std::vector<std::string> pinned;
};

class TlsServerOptions : public TlsOptions {
public:
    TlsServerOptions() = default;
    TlsServerOptions(std::filesystem::path certificate_file, std::filesystem::path key_file) {
        certificate = std::move(certificate_file);
        key = std::move(key_file);
    }
    enum class ClientCertificate {
        none,      ///< not asked for
        optional,  ///< asked for; one that is not of `ca` ends the connection, having none does not
        required,  ///< who has none of `ca` is refused
    };
    ClientCertificate client_certificate = ClientCertificate::none;
};

/// The settings of one end, certificates loaded, and the sessions that a client may take up again. A handle: copies
/// are the same context. Thread-safe; one context is meant to serve all connections of its kind, on all loops.
///
/// Servers give out session tickets; their key lives as long as the context or up to reload(). When SSLKEYLOGFILE is
/// in the environment, the keys of all connections are appended to that file, for Wireshark.
class TlsContext {
public:
    /// None: plain text.
    TlsContext() noexcept = default;
    /// Throw TlsError (TlsErrc::configuration) for files that cannot be used. They read files: not for busy loops.
    static TlsContext client(TlsClientOptions options = TlsClientOptions());
    static TlsContext server(TlsServerOptions options);

    explicit operator bool() const noexcept { return core_ != nullptr; }
    bool is_client() const noexcept;
    bool is_server() const noexcept { return core_ != nullptr && !is_client(); }
    /// Reads all files again, for connections from now on: a renewed certificate needs no restart. If that fails it
    /// throws, and everything stays as it was. Earlier sessions are not taken up again.
    void reload();

private:
    friend Task<Stream> start_tls(Stream stream, TlsContext context, std::string host);
    friend class detail::TlsContextCore;
    explicit TlsContext(std::shared_ptr<detail::TlsContextCore> core) noexcept : core_(std::move(core)) {}
    std::shared_ptr<detail::TlsContextCore> core_;
};

/// Shakes hands over `stream`, and gives the encrypted stream in its place (STARTTLS). `host`, for a client: whom the
/// certificate must name, a host name or numeric address. Over any kind of stream, an encrypted one too.
///
/// `stream` must be at rest: while an operation is under way on it, this throws InvalidStateError. What was read ahead
/// came before the encryption and might be forged, so it is refused (TlsErrc::handshake). Other failures are TlsError,
/// and std::system_error of the connection. After a failure or cancellation the connection is closed.
///
/// The stream that it gives is as others are, and: write_eof() tells the peer that this is the end, after which the
/// peer may go on writing; so does close(), if there is room. An end that the peer did not announce is an error
/// (TlsErrc::truncated), since somebody else may have cut the connection. A cancelled write leaves half a record
/// behind: later ones fail.
Task<Stream> start_tls(Stream stream, TlsContext context, std::string host = {});

/// A connection to a host by name or number, encrypted. Throws what the plain form and start_tls() throw.
Task<Stream> open_connection(std::string host, std::uint16_t port, TlsContext context,
                             ConnectOptions options = ConnectOptions());
/// The same to one address, of a server that must prove to be `host`.
Task<Stream> open_connection(Address address, std::string host, TlsContext context,
                             ConnectOptions options = ConnectOptions());

}  // namespace hocket
