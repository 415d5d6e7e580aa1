// What a certificate says, in plain values.
#pragma once
#include <openssl/x509.h>

#include <string>

#include "hocket/net/tls_info.hpp"

namespace hocket::detail {

TlsCertificate describe_certificate(const X509& certificate);
/// SHA-256, in lower-case hexadecimal digits.
std::string fingerprint_of(const X509& certificate);
/// "2030-01-31 12:00 UTC"
std::string format_time(std::chrono::system_clock::time_point time);

}  // namespace hocket::detail
