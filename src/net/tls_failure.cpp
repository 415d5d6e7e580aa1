#include "net/tls_failure.hpp"

#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <openssl/x509_vfy.h>

#include "net/tls_certificate.hpp"
#include "net/tls_context_core.hpp"

namespace hocket::detail {
namespace {

constexpr int kNoApplicationProtocol = SSL_AD_NO_APPLICATION_PROTOCOL;
constexpr int kCertificateRequired = 116;  // RFC 8446; OpenSSL 3.0 has a name for it only inside

std::string reason_of(unsigned long code) {
    if (code == 0) return "the connection is in no usable state";
    if (ERR_SYSTEM_ERROR(code)) return std::generic_category().message(ERR_GET_REASON(code));
    const char* reason = ::ERR_reason_error_string(code);
    return reason ? reason : "OpenSSL error " + std::to_string(code);
}

std::string join(const std::vector<std::string>& words) {
    std::string all;
    for (const std::string& word : words) all += (all.empty() ? "" : ", ") + word;
    return all;
}

std::string least_version(const TlsContextCore& context) {
    return context.options().min_version == TlsVersion::tls1_3 ? "TLS 1.3" : "TLS 1.2";
}

// What the peer's alert means for us; "" if there is nothing to say.
std::string advice_on_alert(int alert, const TlsContextCore& context) {
    const std::string our = context.is_client ? "TlsClientOptions" : "TlsServerOptions";
    switch (alert) {
        case kCertificateRequired:
            return "it wants a certificate of ours: set " + our + "::certificate and key";
        case SSL_AD_HANDSHAKE_FAILURE:
            if (context.options().certificate.empty())
                return "it may want a certificate of ours: set " + our + "::certificate and key";
            return "we have no ciphers in common, or it does not like our certificate";
        case SSL_AD_UNKNOWN_CA:
            return "it does not know the CA of our certificate: tell it, or give our file the certificates in between";
        case SSL_AD_CERTIFICATE_EXPIRED:
            return "our certificate has expired, by its clock";
        case SSL_AD_BAD_CERTIFICATE:
        case SSL_AD_CERTIFICATE_UNKNOWN:
        case SSL_AD_UNSUPPORTED_CERTIFICATE:
            return "it does not accept our certificate";
        case SSL_AD_PROTOCOL_VERSION:
            return "it speaks nothing from " + least_version(context) + " on";
        case kNoApplicationProtocol:
            return "it speaks none of " + join(context.options().alpn);
        case SSL_AD_UNRECOGNIZED_NAME:
            return "it does not serve that host name";
        default:
            return {};
    }
}

// The same for what we found out ourselves.
std::string advice_on_reason(int reason, const TlsContextCore& context) {
    switch (reason) {
        case SSL_R_WRONG_VERSION_NUMBER:
        case SSL_R_HTTP_REQUEST:
        case SSL_R_HTTPS_PROXY_REQUEST:
        case SSL_R_UNKNOWN_PROTOCOL:
        case SSL_R_PACKET_LENGTH_TOO_LONG:
        case SSL_R_BAD_PACKET_LENGTH:
            return "does it speak TLS on this port at all?";
        case SSL_R_UNSUPPORTED_PROTOCOL:
        case SSL_R_VERSION_TOO_LOW:
        case SSL_R_UNSUPPORTED_SSL_VERSION:
            return "it speaks nothing from " + least_version(context) + " on";
        case SSL_R_NO_APPLICATION_PROTOCOL:
            return "it speaks none of " + join(context.options().alpn);
        case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
            return "it has none, and TlsServerOptions::client_certificate requires one";
        default:
            return {};
    }
}

std::string because(std::string what, const std::string& advice) {
    if (!advice.empty()) what += ": " + advice;
    return what;
}

}  // namespace

std::string openssl_complaint() {
    const std::string reason = reason_of(::ERR_peek_error());
    ::ERR_clear_error();
    return reason;
}

void throw_tls_configuration(const std::string& attempted) {
    throw TlsError(TlsErrc::configuration, "hocket: TLS: cannot " + attempted + ": " + openssl_complaint());
}

std::string describe_rejection(X509_STORE_CTX& store, const TlsContextCore& context, const std::string& host) {
    const int error = ::X509_STORE_CTX_get_error(&store);
    const X509* current = ::X509_STORE_CTX_get_current_cert(&store);
    const TlsCertificate certificate = current ? describe_certificate(*current) : TlsCertificate();
    const std::string options = context.is_client ? "TlsClientOptions::ca" : "TlsServerOptions::ca";
    const std::string reason = ::X509_verify_cert_error_string(error);
    switch (error) {
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            return reason + ": the certificate is for " +
                   (certificate.names.empty() ? "no host" : join(certificate.names)) + ", not for " + host;
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return reason + ": " + certificate.subject + " was valid until " + format_time(certificate.not_after) +
                   ": its owner must renew it (or is our clock wrong?)";
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return reason + ": " + certificate.subject + " is valid from " + format_time(certificate.not_before) +
                   " on (or is our clock wrong?)";
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
            return reason + " (" + certificate.issuer + "): pass its CA by " + options +
                   ", or let the peer send the certificates in between";
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
            return reason + " (" + certificate.subject + "): if you trust it, pass it by " + options;
        default:
            return reason + " (" + certificate.subject + ")";
    }
}

TlsError tls_failure(const std::string& attempted, const std::string& rejection, const TlsContextCore& context,
                     bool in_handshake) {
    const unsigned long code = ::ERR_peek_error();
    const int reason = ::ERR_GET_LIB(code) == ERR_LIB_SSL ? ERR_GET_REASON(code) : 0;
    std::string text = "hocket: TLS: " + attempted + " failed: ";
    auto kind = in_handshake ? TlsErrc::handshake : TlsErrc::broken;
    if (!rejection.empty()) {
        kind = TlsErrc::untrusted;
        text += rejection;
    } else if (reason > SSL_AD_REASON_OFFSET) {
        const int alert = reason - SSL_AD_REASON_OFFSET;
        kind = TlsErrc::refused;
        text += "the peer says \"";
        text += ::SSL_alert_desc_string_long(alert);
        text = because(text + '"', advice_on_alert(alert, context));
    } else {
        if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) kind = TlsErrc::untrusted;
        text = because(text + reason_of(code), advice_on_reason(reason, context));
    }
    ::ERR_clear_error();
    return TlsError(kind, std::move(text));
}

}  // namespace hocket::detail
