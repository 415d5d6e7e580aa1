// Owners of OpenSSL's objects.
#pragma once
#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>

namespace hocket::detail {

template <auto kFree>
struct FreeBy {
    template <class T>
    void operator()(T* object) const noexcept {
        kFree(object);
    }
};

using SslContextHandle = std::unique_ptr<SSL_CTX, FreeBy<::SSL_CTX_free>>;
using SslHandle = std::unique_ptr<SSL, FreeBy<::SSL_free>>;
using SslSessionHandle = std::unique_ptr<SSL_SESSION, FreeBy<::SSL_SESSION_free>>;
using BioHandle = std::unique_ptr<BIO, FreeBy<::BIO_free_all>>;
using CertificateHandle = std::unique_ptr<X509, FreeBy<::X509_free>>;
using GeneralNamesHandle = std::unique_ptr<GENERAL_NAMES, FreeBy<::GENERAL_NAMES_free>>;

}  // namespace hocket::detail
