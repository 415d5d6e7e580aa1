#include "net/tls_certificate.hpp"

#include <arpa/inet.h>
#include <openssl/evp.h>

#include <ctime>

#include "net/tls_handles.hpp"

namespace hocket::detail {
namespace {

std::string text_of(const X509_NAME* name) {
    const BioHandle out(::BIO_new(::BIO_s_mem()));
    // RFC 2253, but with UTF-8 as it is.
    if (!out || ::X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) < 0) return {};
    char* data = nullptr;
    const long size = BIO_get_mem_data(out.get(), &data);
    return std::string(data, static_cast<std::size_t>(size));
}

std::string text_of(const ASN1_STRING* string) {
    const auto* data = reinterpret_cast<const char*>(::ASN1_STRING_get0_data(string));
    return std::string(data, static_cast<std::size_t>(::ASN1_STRING_length(string)));
}

std::string numeric_address(const ASN1_OCTET_STRING* bytes) {
    char text[INET6_ADDRSTRLEN] = "";
    const int family = ::ASN1_STRING_length(bytes) == 4 ? AF_INET : AF_INET6;
    if (family == AF_INET6 && ::ASN1_STRING_length(bytes) != 16) return {};
    return ::inet_ntop(family, ::ASN1_STRING_get0_data(bytes), text, sizeof text);
}

std::vector<std::string> alternative_names(const X509& certificate) {
    std::vector<std::string> result;
    const GeneralNamesHandle names(
        static_cast<GENERAL_NAMES*>(::X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
        if (name->type == GEN_DNS) result.push_back(text_of(name->d.dNSName));
        if (name->type == GEN_IPADD) result.push_back(numeric_address(name->d.iPAddress));
    }
    return result;
}

std::chrono::system_clock::time_point time_of(const ASN1_TIME* time) {
    std::tm parts{};
    if (::ASN1_TIME_to_tm(time, &parts) != 1) return {};
    return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

}  // namespace

std::string fingerprint_of(const X509& certificate) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    std::string hex;
    if (::X509_digest(&certificate, ::EVP_sha256(), digest, &size) != 1) return hex;
    for (unsigned int i = 0; i < size; ++i) {
        hex += "0123456789abcdef"[digest[i] >> 4];
        hex += "0123456789abcdef"[digest[i] & 15];
    }
    return hex;
}

std::string format_time(std::chrono::system_clock::time_point time) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
    std::tm parts{};
    char text[64] = "";
    if (::gmtime_r(&seconds, &parts)) std::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &parts);
    return text;
}

TlsCertificate describe_certificate(const X509& certificate) {
    TlsCertificate result;
    result.subject = text_of(::X509_get_subject_name(&certificate));
    result.issuer = text_of(::X509_get_issuer_name(&certificate));
    result.names = alternative_names(certificate);
    result.not_before = time_of(::X509_get0_notBefore(&certificate));
    result.not_after = time_of(::X509_get0_notAfter(&certificate));
    result.fingerprint = fingerprint_of(certificate);
    return result;
}

}  // namespace hocket::detail
