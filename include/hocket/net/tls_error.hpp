// TlsError: what can go wrong with an encrypted connection.
#pragma once
#include <memory>
#include <string>
#include <system_error>

namespace hocket {

/// Kinds of TlsError: `error.code() == TlsErrc::untrusted`.
enum class TlsErrc {
    handshake = 1,  ///< the two sides found no way to talk, or the other one speaks no TLS
    untrusted,      ///< we do not trust the peer's certificate
    refused,        ///< the peer does not accept us: our certificate, our protocols
    truncated,      ///< the connection ended without the peer saying that this is the end
    broken,         ///< what came is no TLS, was altered on its way, or cannot be sent any more
    timed_out,      ///< the peer took too long for its handshake
    configuration,  ///< a certificate, key or CA that cannot be used
};

/// "hocket.tls".
const std::error_category& tls_category() noexcept;
inline std::error_code make_error_code(TlsErrc kind) noexcept { return {static_cast<int>(kind), tls_category()}; }

/// A failure of TLS. What the system says of the connection beneath (a reset, no route) stays the plain
/// std::system_error of every stream.
class TlsError : public std::system_error {
public:
    /// `text`: all of what().
    TlsError(TlsErrc kind, std::string text);
    const char* what() const noexcept override { return text_->c_str(); }

private:
    std::shared_ptr<const std::string> text_;  // shared: copying an exception must not throw
};

}  // namespace hocket

template <>
struct std::is_error_code_enum<hocket::TlsErrc> : std::true_type {};
