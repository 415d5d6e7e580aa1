// What a peer may send to an end of a TLS connection: nonsense, and the bytes of a true conversation cut, changed and
// delivered in pieces. Each end must come to an error, or go on waiting; what it gives out must be what was said.

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <string_view>

#include "input.hpp"
#include "net/tls_engine.hpp"

namespace {

namespace hk = hocket;
using hk::detail::TlsContextCore;
using hk::detail::TlsEngine;
using hk::fuzz::Input;
using hk::fuzz::require;

// A certificate that signs itself, with its key, in a file of its own.
std::string make_certificate() {
    const std::string path =
        (std::filesystem::temp_directory_path() / ("hocket-fuzz-tls-" + std::to_string(::getpid()) + ".pem")).string();
    EVP_PKEY* const key = EVP_EC_gen("P-256");
    X509* const certificate = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 24L * 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME* const name = X509_get_subject_name(certificate);
    const auto* const text = reinterpret_cast<const unsigned char*>("fuzz");
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_sign(certificate, key, EVP_sha256());
    std::FILE* const file = std::fopen(path.c_str(), "w");
    require(file != nullptr);
    PEM_write_X509(file, certificate);
    PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return path;
}

hk::TlsContext server_context() {
    static const hk::TlsContext context = [] {
        const std::string path = make_certificate();
        hk::TlsServerOptions options(path, path);
        options.alpn = {"h2", "http/1.1"};
        hk::TlsContext made = hk::TlsContext::server(options);
        std::filesystem::remove(path);
        return made;
    }();
    return context;
}

hk::TlsContext client_context() {
    static const hk::TlsContext context = [] {
        hk::TlsClientOptions options;
        options.trust = hk::TlsClientOptions::Trust::everybody;
        options.alpn = {"http/1.1"};
        return hk::TlsContext::client(options);
    }();
    return context;
}

class End {
public:
    End(const hk::TlsContext& context, const char* name)
        : engine_(TlsContextCore::of(context), "", "the fuzzer", name) {}

    void receive(std::string_view bytes) {
        if (!bytes.empty()) engine_.input.append(bytes);
    }
    // Goes as far as it can; false after a failure, which must have a text.
    bool go_on() {
        if (!engine_.failure() && !engine_.established()) (void)engine_.shake_hands();
        if (!engine_.failure() && engine_.established()) {
            if (!std::exchange(spoken_, true)) engine_.encrypt(kSaid);
            char buffer[256];
            while (const auto size = engine_.decrypt(buffer)) {
                if (*size == 0) break;
                heard_.append(buffer, *size);
            }
        }
        require(std::string_view(kSaid).starts_with(heard_));
        if (!engine_.failure()) return true;
        try {
            std::rethrow_exception(engine_.failure());
        } catch (const hk::TlsError& error) {
            require(*error.what() != '\0');
        }
        return false;
    }
    std::string sent() { return std::exchange(engine_.output, std::string()); }

private:
    static constexpr const char* kSaid = "what the peer has said, and nothing else";
    TlsEngine engine_;
    std::string heard_;
    bool spoken_ = false;
};

// One end gets the input, in two pieces.
void nonsense(Input& input) {
    End end(input.draw() % 2 ? server_context() : client_context(), "a");
    const std::size_t cut = input.draw();
    const std::string_view bytes = input.all();
    (void)end.go_on();
    end.receive(bytes.substr(0, cut));
    (void)end.go_on();
    end.receive(bytes.substr(std::min(cut, bytes.size())));
    (void)end.go_on();
}

// Two ends talk; the input says what becomes of each flight on its way.
void conversation(Input& input) {
    End client(client_context(), "b");
    End server(server_context(), "b");
    bool alive = true;
    for (int flight = 0; alive && flight < 12; ++flight) {
        End& from = flight % 2 ? server : client;
        End& to = flight % 2 ? client : server;
        alive = from.go_on();
        std::string bytes = from.sent();
        const std::size_t what = input.draw() % 5;
        const std::size_t where = bytes.empty() ? 0 : (input.draw() * 256 + input.draw()) % bytes.size();
        if (what == 1 && !bytes.empty()) bytes[where] = static_cast<char>(input.draw());
        if (what == 2) bytes.erase(where, input.draw());
        if (what == 3) bytes.insert(where, std::string(input.draw(), static_cast<char>(input.draw())));
        to.receive(std::string_view(bytes).substr(0, where));
        alive = to.go_on() && alive;
        to.receive(std::string_view(bytes).substr(where));
        alive = to.go_on() && alive;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Input input(data, size);
    if (input.draw() % 2) {
        nonsense(input);
    } else {
        conversation(input);
    }
    return 0;
}
