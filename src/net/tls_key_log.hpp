// The file in which other programs find the keys of TLS connections, to show what is sent on them.
#pragma once
#include <openssl/ssl.h>

namespace hocket::detail {

/// Has `context` append its connections' keys to the file that SSLKEYLOGFILE in the environment names, if there is one,
/// in the form of NSS that Wireshark reads.
void log_keys(SSL_CTX& context);

}  // namespace hocket::detail
