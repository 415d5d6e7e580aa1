// TlsInfo: what two ends of an encrypted connection have agreed on.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace hocket {

/// A certificate that the other end has shown. A value.
class TlsCertificate {
public:
    TlsCertificate() = default;
    std::string subject;  ///< as in "CN=example.org,O=Example"
    std::string issuer;
    /// The host names and numeric addresses that it is for (subject alternative names).
    std::vector<std::string> names;
    std::chrono::system_clock::time_point not_before;
    std::chrono::system_clock::time_point not_after;
    /// SHA-256 of it, 64 hexadecimal digits: what TlsClientOptions::pinned compares.
    std::string fingerprint;
};

/// What Stream::tls_info() gives. A value.
class TlsInfo {
public:
    TlsInfo() = default;
    std::string version;  ///< "TLSv1.3"
    std::string cipher;   ///< "TLS_AES_256_GCM_SHA384"
    /// The protocol chosen by ALPN, such as "h2"; "" when there was no choice.
    std::string alpn;
    /// The host name that the client asked for (SNI); "" if it gave none.
    std::string server_name;
    /// Whether an earlier session was taken up again, so that no certificate was sent.
    bool resumed = false;
    /// What the peer has shown; always there on a client, on a server if the client has one and was asked for it.
    std::optional<TlsCertificate> peer;
};

}  // namespace hocket
