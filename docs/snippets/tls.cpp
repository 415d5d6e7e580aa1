// The snippets of docs/tls.md.
#include <hocket/net.hpp>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <string>

namespace hk = hocket;
using namespace std::chrono_literals;

// [client]
hk::Task<std::string> ask(std::string host, std::uint16_t port, hk::TlsContext context) {
    hk::Stream stream = co_await hk::open_connection(host, port, context);
    co_await stream.write("hello\n");
    const auto answer = co_await stream.read_line();
    if (!answer) throw std::runtime_error("no answer");
    co_return *answer;
}
// [client]

// [own_ca]
hk::TlsContext for_our_servers(std::filesystem::path folder) {
    hk::TlsClientOptions options;
    options.trust = hk::TlsClientOptions::Trust::only_ca;
    options.ca = {folder / "ca.pem"};
    options.alpn = {"echo/2", "echo/1"};
    return hk::TlsContext::client(options);  // reads files: once, at the start
}
// [own_ca]

// [server]
hk::Task<void> echo_lines(hk::Stream client) {
    while (const auto line = co_await client.read_until("\n")) co_await client.write("GOT:" + *line);
    co_await client.write_eof();
}

hk::Task<hk::Server> start(std::filesystem::path folder) {
    hk::TlsServerOptions tls(folder / "server.pem", folder / "server.key");
    tls.alpn = {"echo/1"};
    tls.handshake_limit = 5s;  // who has not shaken hands by then loses its place
    hk::ServerOptions options;
    options.tls = hk::TlsContext::server(tls);
    options.on_failed_handshake = [](const std::exception& error) { std::cerr << error.what() << '\n'; };
    co_return co_await hk::start_server("127.0.0.1", 0, echo_lines, options);
}
// [server]

// [info]
void print_peer(const hk::Stream& stream) {
    const auto info = stream.tls_info();  // nothing for a stream without TLS
    if (!info) return;
    std::cout << info->version << ' ' << info->cipher << ' ' << info->alpn << (info->resumed ? " resumed\n" : "\n");
    if (info->peer) std::cout << info->peer->subject << '\n';
}
// [info]

// [starttls]
hk::Task<hk::Stream> encrypt(hk::Stream stream, hk::TlsContext context) {
    co_await stream.write("STARTTLS\n");
    const auto answer = co_await stream.read_line();
    if (answer != "go ahead") throw std::runtime_error("it speaks no TLS");
    co_return co_await hk::start_tls(std::move(stream), std::move(context), "localhost");
}
// [starttls]

// [errors]
hk::Task<void> try_it(std::uint16_t port, hk::TlsContext context) {
    try {
        co_await ask("127.0.0.1", port, context);
    } catch (const hk::TlsError& error) {
        if (error.code() == hk::TlsErrc::untrusted) std::cout << "not the server that we know\n";
        std::cout << error.what() << '\n';
    } catch (const std::system_error& error) {
        std::cout << "no connection: " << error.what() << '\n';
    }
}
// [errors]

hk::Task<void> answer_plainly(hk::Stream client) {
    (void)co_await client.read_line();
    co_await client.write("go ahead\n");
}

hk::Task<void> all(std::filesystem::path folder) {
    hk::Server server = co_await start(folder);
    const hk::TlsContext context = for_our_servers(folder);
    const std::string answer = co_await ask("127.0.0.1", server.port(), context);
    if (answer != "GOT:hello") throw std::runtime_error(answer);
    const hk::Stream stream = co_await hk::open_connection("127.0.0.1", server.port(), context);
    print_peer(stream);
    co_await try_it(server.port(), hk::TlsContext::client());
    hk::Server plain = co_await hk::start_server("127.0.0.1", 0, answer_plainly);
    hk::Stream first = co_await hk::open_connection("127.0.0.1", plain.port());
    try {
        (void)co_await encrypt(std::move(first), context);
    } catch (const hk::TlsError& error) {
        std::cout << error.what() << '\n';
    }
    co_await plain.close();
    co_await server.close();
}

int main() {
    std::string folder = "/tmp/hocket-snippet-XXXXXX";
    if (!::mkdtemp(folder.data())) return 1;
    const std::string make =
        "cd " + folder +
        " && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "
        "/CN=snippet -addext subjectAltName=IP:127.0.0.1,DNS:localhost -keyout server.key -out "
        "server.pem 2>openssl.log && cp server.pem ca.pem";
    if (std::system(make.c_str()) != 0) return 1;
    hk::run(all(folder));
    std::filesystem::remove_all(folder);
    return 0;
}
