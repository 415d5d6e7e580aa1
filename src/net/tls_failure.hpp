// What OpenSSL says when something fails, put so that a user knows what to do.
#pragma once
#include <openssl/ssl.h>

#include <string>

#include "hocket/net/tls_error.hpp"

namespace hocket::detail {

class TlsContextCore;

/// What OpenSSL complained of first in this thread; empties its list.
std::string openssl_complaint();
/// Throws TlsError (configuration): `attempted`, as in "read the certificate a.pem", and OpenSSL's complaint.
[[noreturn]] void throw_tls_configuration(const std::string& attempted);

/// Why a certificate was not trusted, and what can be done. For the callbacks of verification.
std::string describe_rejection(X509_STORE_CTX& store, const TlsContextCore& context, const std::string& host);

/// The error of an operation that has just failed. `attempted`: as in "handshake with example.org"; `rejection`: what
/// describe_rejection() said, if it came to that.
TlsError tls_failure(const std::string& attempted, const std::string& rejection, const TlsContextCore& context,
                     bool in_handshake);

}  // namespace hocket::detail
