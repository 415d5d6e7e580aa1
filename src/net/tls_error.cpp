#include "hocket/net/tls_error.hpp"

namespace hocket {
namespace {

class TlsCategory final : public std::error_category {
public:
    const char* name() const noexcept override { return "hocket.tls"; }
    std::string message(int kind) const override {
        switch (static_cast<TlsErrc>(kind)) {
            case TlsErrc::handshake:
                return "no TLS handshake";
            case TlsErrc::untrusted:
                return "the certificate is not trusted";
            case TlsErrc::refused:
                return "refused by the peer";
            case TlsErrc::truncated:
                return "cut off without the end that TLS announces";
            case TlsErrc::broken:
                return "broken TLS stream";
            case TlsErrc::timed_out:
                return "the TLS handshake took too long";
            case TlsErrc::configuration:
                return "unusable TLS settings";
        }
        return "unknown TLS error";
    }
};

}  // namespace

const std::error_category& tls_category() noexcept {
    static const TlsCategory category;
    return category;
}

TlsError::TlsError(TlsErrc kind, std::string text)
    : std::system_error(make_error_code(kind)), text_(std::make_shared<const std::string>(std::move(text))) {}

}  // namespace hocket
