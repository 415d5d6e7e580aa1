// What the tests of TLS share: certificates of all sorts, made by the openssl program once for each run.
#pragma once
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "child_process.hpp"
#include "hocket/net.hpp"
#include "net/stream_fixture.hpp"

namespace hocket::test {

/// A folder with two CAs, ca.pem and stranger_ca.pem, and certificates NAME.pem with their keys NAME.key.
class Certificates {
public:
    static const Certificates& get() {
        static const Certificates made;
        return made;
    }
    std::string path(const std::string& name) const { return (folder_ / name).string(); }

    /// For localhost, example.test, 127.0.0.1 and ::1.
    TlsServerOptions server(const std::string& name = "server") const {
        return TlsServerOptions(path(name + ".pem"), path(name + ".key"));
    }
    /// Trusts ca.pem.
    TlsClientOptions client() const {
        TlsClientOptions options;
        options.trust = TlsClientOptions::Trust::only_ca;
        options.ca.push_back(path("ca.pem"));
        return options;
    }

private:
    Certificates() {
        std::string pattern = (std::filesystem::temp_directory_path() / "hocket-tls-XXXXXX").string();
        if (!::mkdtemp(pattern.data())) throw std::runtime_error("mkdtemp");
        folder_ = pattern;
        make_ca("ca");
        make_ca("stranger_ca");
        make("server", "ca", "DNS:localhost,DNS:example.test,IP:127.0.0.1,IP:::1");
        make("elsewhere", "ca", "DNS:elsewhere.test,IP:127.0.0.99");
        make("expired", "ca", "DNS:localhost,IP:127.0.0.1", "-1");
        make("stranger", "stranger_ca", "DNS:localhost,IP:127.0.0.1");
        make("client", "ca", "DNS:a-client.test");
        make("self_signed", "", "DNS:localhost,IP:127.0.0.1");
    }
    ~Certificates() {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    static void openssl(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "openssl");
        testing::ChildProcess process(std::move(arguments));
        if (!process.wait_for(20s) || process.status() != 0) throw std::runtime_error("openssl: " + process.errors);
    }
    void make_ca(const std::string& name) const {
        openssl({"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                 "-subj", "/CN=Hocket test " + name, "-keyout", path(name + ".key"), "-out", path(name + ".pem")});
    }
    // Without `ca`, it signs itself.
    void make(const std::string& name, const std::string& ca, const std::string& names,
              const std::string& days = "2") const {
        openssl({"req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
                 "/O=Hocket/CN=" + name, "-addext", "subjectAltName=" + names, "-keyout", path(name + ".key"), "-out",
                 path(name + ".request")});
        std::vector<std::string> sign = {"x509",  "-req", "-in",  path(name + ".request"), "-copy_extensions", "copy",
                                         "-days", days,   "-out", path(name + ".pem")};
        const std::vector<std::string> by_ca = {"-CA", path(ca + ".pem"), "-CAkey", path(ca + ".key")};
        const std::vector<std::string> by_itself = {"-signkey", path(name + ".key")};
        for (const std::string& argument : ca.empty() ? by_itself : by_ca) sign.push_back(argument);
        openssl(std::move(sign));
    }
    std::filesystem::path folder_;
};

/// Sends back lines, and the end.
inline Task<void> echo_all(Stream stream) {
    for (;;) {
        const std::string part = co_await stream.read();
        if (part.empty()) break;
        co_await stream.write(part);
    }
    co_await stream.write_eof();
}

inline Task<Server> start_tls_server(TlsServerOptions options, StreamHandler handler = echo_all) {
    ServerOptions how;
    how.tls = TlsContext::server(std::move(options));
    return start_server("127.0.0.1", 0, std::move(handler), how);
}

/// Both ends of an encrypted connection.
class TlsPair {
public:
    TlsPair(Stream client_end, Stream server_end) : client(std::move(client_end)), server(std::move(server_end)) {}
    Stream client;
    Stream server;
};

/// A new connection with TLS at both ends.
inline Task<TlsPair> tls_pair(TlsContext client, TlsContext server, std::string host = "localhost",
                              Kind kind = Kind::tcp) {
    std::pair<Stream, Stream> plain = co_await stream_pair(kind);
    Future<Stream> accepted = create_task(start_tls(std::move(plain.second), server));
    Stream first = co_await start_tls(std::move(plain.first), client, std::move(host));
    Stream second = co_await std::move(accepted);
    co_return TlsPair(std::move(first), std::move(second));
}

/// With everything as it usually is.
inline Task<TlsPair> tls_pair(Kind kind = Kind::tcp) {
    const Certificates& certificates = Certificates::get();
    return tls_pair(TlsContext::client(certificates.client()), TlsContext::server(certificates.server()), "localhost",
                    kind);
}

}  // namespace hocket::test
