// TLS with other programs: openssl s_client and s_server, Python's ssl, nginx.
#include <gmock/gmock.h>

#include <fstream>

#include "held_port.hpp"
#include "net/tls_fixture.hpp"
#include "report_capture.hpp"

namespace hocket::test {
namespace {

using ::testing::HasSubstr;

class TlsPeersTest : public OnBothBackends {};
HOCKET_ON_BOTH_BACKENDS(TlsPeersTest);

const Certificates& certificates() { return Certificates::get(); }

TlsContext client_context() { return TlsContext::client(certificates().client()); }

Subprocess start(std::vector<std::string> command) {
    SubprocessOptions options;
    options.in = Redirect::pipe();
    options.out = Redirect::pipe();
    options.err = Redirect::to_output();
    return Subprocess(command, options);
}

/// Reads what a program says up to the line that begins with `prefix`, and gives the rest of that line.
Task<std::string> line_after(Stream& output, std::string prefix) {
    std::string all;
    for (;;) {
        const auto line = co_await output.read_line();
        if (!line) throw std::runtime_error("the program ended without saying " + prefix + ": " + all);
        if (line->starts_with(prefix)) co_return line->substr(prefix.size());
        all += *line + '\n';
    }
}

/// openssl s_server; what comes to it appears on its output, what is written to its input is sent.
class OpensslServer {
public:
    explicit OpensslServer(const std::vector<std::string>& more, const std::string& certificate = "server")
        : process(start(command(more, certificate))) {}
    Task<void> wait_until_ready() {
        const std::string address = co_await line_after(process.out(), "ACCEPT ");
        port = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
    }
    Subprocess process;
    std::uint16_t port = 0;

private:
    static std::vector<std::string> command(const std::vector<std::string>& more, const std::string& certificate) {
        std::vector<std::string> all = {"openssl", "s_server",
                                        "-accept", "127.0.0.1:0",
                                        "-cert",   certificates().path(certificate + ".pem"),
                                        "-key",    certificates().path(certificate + ".key")};
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }
};

Task<void> end(Subprocess& process) {
    process.kill();
    (void)co_await process.wait();
}

TEST_P(TlsPeersTest, OpensslServesUs) {
    run([]() -> Task<void> {
        for (const char* version : {"-tls1_2", "-tls1_3"}) {
            OpensslServer openssl({version, "-rev", "-alpn", "echo,reverse"});
            co_await openssl.wait_until_ready();
            TlsClientOptions options = certificates().client();
            options.alpn = {"reverse"};
            const TlsContext context = TlsContext::client(options);
            for (const bool resumed : {false, true}) {
                Stream stream = co_await open_connection("127.0.0.1", openssl.port, context);
                co_await stream.write("drawer\n");
                const auto answer = co_await stream.read_line();
                EXPECT_EQ(answer, "reward");
                const TlsInfo info = stream.tls_info().value();
                EXPECT_EQ(info.version, std::string_view(version) == "-tls1_2" ? "TLSv1.2" : "TLSv1.3");
                EXPECT_EQ(info.alpn, "reverse");
                EXPECT_EQ(info.resumed, resumed) << version;
                stream.close();
            }
            co_await end(openssl.process);
        }
    });
}

TEST_P(TlsPeersTest, OpensslIsTooOldForUs) {
    run([]() -> Task<void> {
        OpensslServer oldest({"-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"});
        co_await oldest.wait_until_ready();
        const TlsError error =
            co_await thrown_by<TlsError>(open_connection("127.0.0.1", oldest.port, client_context()));
        EXPECT_EQ(error.code(), TlsErrc::refused);
        EXPECT_THAT(error.what(), HasSubstr("it speaks nothing from TLS 1.2 on"));
        co_await end(oldest.process);
        OpensslServer old({"-tls1_2"});
        co_await old.wait_until_ready();
        TlsClientOptions modern = certificates().client();
        modern.min_version = TlsVersion::tls1_3;
        const TlsError too_old =
            co_await thrown_by<TlsError>(open_connection("127.0.0.1", old.port, TlsContext::client(modern)));
        EXPECT_EQ(too_old.code(), TlsErrc::refused);
        EXPECT_THAT(too_old.what(), HasSubstr("it speaks nothing from TLS 1.3 on"));
        co_await end(old.process);
    });
}

TEST_P(TlsPeersTest, OpensslWantsOurCertificate) {
    run([]() -> Task<void> {
        OpensslServer openssl(
            {"-Verify", "1", "-verify_return_error", "-CAfile", certificates().path("ca.pem"), "-rev"});
        co_await openssl.wait_until_ready();
        const auto visit = [&](TlsContext context) -> Task<std::string> {
            Stream stream = co_await open_connection("127.0.0.1", openssl.port, std::move(context));
            co_await stream.write("abc\n");
            const auto line = co_await stream.read_line();
            co_return line.value_or("nothing");
        };
        const TlsError error = co_await thrown_by<TlsError>(visit(client_context()));
        EXPECT_EQ(error.code(), TlsErrc::refused);
        EXPECT_THAT(error.what(), HasSubstr("receiving from 127.0.0.1 (127.0.0.1:"));
        EXPECT_THAT(error.what(), HasSubstr("it wants a certificate of ours"));
        TlsClientOptions shown = certificates().client();
        shown.certificate = certificates().path("client.pem");
        shown.key = certificates().path("client.key");
        const std::string answer = co_await visit(TlsContext::client(shown));
        EXPECT_EQ(answer, "cba");
        co_await end(openssl.process);
    });
}

TEST_P(TlsPeersTest, WeServeOpenssl) {
    run([]() -> Task<void> {
        TlsServerOptions options = certificates().server();
        options.alpn = {"echo"};
        Server server = co_await start_tls_server(options);
        const std::string address = "127.0.0.1:" + std::to_string(server.port());
        for (const char* version : {"-tls1_2", "-tls1_3"}) {
            Subprocess openssl = start({"openssl", "s_client", "-connect", address, "-servername", "localhost",
                                        "-verify_hostname", "localhost", "-verify_return_error", "-CAfile",
                                        certificates().path("ca.pem"), "-alpn", "echo", version});
            const std::string kind = co_await line_after(openssl.out(), "ALPN protocol: ");
            EXPECT_EQ(kind, "echo");
            co_await openssl.in().write("hello there\n");
            const std::string echoed = co_await line_after(openssl.out(), "hello");
            EXPECT_EQ(echoed, " there");
            co_await openssl.in().write_eof();
            const int code = co_await openssl.wait();
            EXPECT_EQ(code, 0);
        }
        co_await server.close();
    });
}

TEST_P(TlsPeersTest, OpensslTakesUpASessionAgain) {
    run([]() -> Task<void> {
        const ReportCapture reports;  // of clients that are killed
        Server server = co_await start_tls_server(certificates().server());
        const std::string address = "127.0.0.1:" + std::to_string(server.port());
        const std::string session = certificates().path("taken_up.session");
        for (const char* version : {"-tls1_2", "-tls1_3"}) {
            for (const char* file : {"-sess_out", "-sess_in"}) {
                Subprocess openssl =
                    start({"openssl", "s_client", "-connect", address, "-ign_eof", version, file, session});
                const bool first = std::string_view(file) == "-sess_out";
                const std::string line = first ? "New, TLSv1." : "Reused, TLSv1.";
                (void)co_await line_after(openssl.out(), line);
                co_await openssl.in().write("hello\n");
                (void)co_await line_after(openssl.out(), "hello");
                co_await end(openssl);
            }
        }
        co_await server.close();
    });
}

// Reads the sizes and the port from its command line; sends and receives at the same time, as a client or a server.
constexpr const char* kPython = R"(
import hashlib, socket, ssl, sys, threading
role, folder, size, port = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
def exchange(stream):
    data = bytes(i * 7 % 251 for i in range(1000)) * (size // 1000)
    def receive():
        digest, count = hashlib.sha256(), 0
        while count < size:
            part = stream.recv(65536)
            assert part, 'truncated'
            digest.update(part)
            count += len(part)
        assert digest.digest() == hashlib.sha256(data).digest()
    receiver = threading.Thread(target=receive)
    if role == 'client':
        receiver.start()
        stream.sendall(data)
        receiver.join()
    else:
        receive()
        stream.sendall(data)
    stream.unwrap()
if role == 'client':
    context = ssl.create_default_context(cafile=folder + '/ca.pem')
    plain = socket.create_connection(('127.0.0.1', port))
    stream = context.wrap_socket(plain, server_hostname='localhost')
else:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder + '/server.pem', folder + '/server.key')
    listener = socket.create_server(('127.0.0.1', 0))
    print('port', listener.getsockname()[1], flush=True)
    stream = context.wrap_socket(listener.accept()[0], server_side=True)
version = stream.version()
exchange(stream)
print('good', version, flush=True)
)";

std::vector<std::string> python(const std::string& role, std::size_t size, int port) {
    const std::string folder = std::filesystem::path(certificates().path("ca.pem")).parent_path();
    return {"python3", "-c", kPython, role, folder, std::to_string(size), std::to_string(port)};
}

TEST_P(TlsPeersTest, PythonIsOurClient) {
    run([]() -> Task<void> {
        Server server = co_await start_tls_server(certificates().server());
        Subprocess client = start(python("client", 5'000'000, server.port()));
        const std::string version = co_await line_after(client.out(), "good ");
        EXPECT_EQ(version, "TLSv1.3");
        const int code = co_await client.wait();
        EXPECT_EQ(code, 0);
        co_await server.close();
    });
}

TEST_P(TlsPeersTest, PythonIsOurServer) {
    run([]() -> Task<void> {
        constexpr std::size_t kSize = 5'000'000;
        Subprocess server = start(python("server", kSize, 0));
        const std::string port = co_await line_after(server.out(), "port ");
        Stream stream =
            co_await open_connection("127.0.0.1", static_cast<std::uint16_t>(std::stoi(port)), client_context());
        std::string data(kSize, '\0');
        for (std::size_t i = 0; i < kSize; ++i) data[i] = static_cast<char>(i % 1000 * 7 % 251);
        co_await stream.write(data);
        const std::string back = co_await stream.read_exactly(kSize);
        EXPECT_TRUE(back == data);
        const std::string nothing = co_await stream.read();
        EXPECT_EQ(nothing, "") << "it announces the end";
        co_await stream.write_eof();
        const std::string version = co_await line_after(server.out(), "good ");
        EXPECT_EQ(version, "TLSv1.3");
        const int code = co_await server.wait();
        EXPECT_EQ(code, 0);
    });
}

/// nginx with a file to give, on a free port.
class Nginx {
public:
    Nginx() {
        const std::string folder = std::filesystem::path(certificates().path("ca.pem")).parent_path();
        std::ofstream(folder + "/large.bin") << pattern(kSize);
        std::ofstream(folder + "/nginx.conf")
            << (::geteuid() == 0 ? "user root; " : "") << "daemon off; worker_processes 1; pid " << folder
            << "/nginx.pid; error_log stderr; events {}\nhttp { access_log off; client_body_temp_path " << folder
            << "/a; proxy_temp_path " << folder << "/b; fastcgi_temp_path " << folder << "/c; uwsgi_temp_path "
            << folder << "/d; scgi_temp_path " << folder << "/e;\nserver { listen 127.0.0.1:" << port
            << " ssl; ssl_certificate " << folder << "/server.pem; ssl_certificate_key " << folder
            << "/server.key; ssl_session_tickets on; root " << folder << "; } }\n";
        process = start({"nginx", "-c", folder + "/nginx.conf", "-p", folder});
    }
    static constexpr std::size_t kSize = 10'000'000;
    const testing::HeldPort held;
    const std::uint16_t port = held.port();
    Subprocess process;
};

/// What nginx gives for a request, head and body.
class Answer {
public:
    Answer() = default;
    std::string head;
    std::string body;
    bool resumed = false;
};

Task<Answer> get(std::uint16_t port, TlsContext context) {
    Stream stream = co_await open_connection("127.0.0.1", port, std::move(context));
    co_await stream.write("GET /large.bin HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    Answer answer;
    answer.head = (co_await stream.read_until("\r\n\r\n")).value_or("");
    answer.body = co_await stream.read_all();
    answer.resumed = stream.tls_info().value().resumed;
    co_return answer;
}

TEST_P(TlsPeersTest, NginxServesUs) {
    run([]() -> Task<void> {
        Nginx nginx;
        const TlsContext context = client_context();
        const auto deadline = std::chrono::steady_clock::now() + 10s;
        bool listens = false;
        while (!listens) {
            const std::error_code refused = co_await error_of(open_connection("127.0.0.1", nginx.port));
            listens = !refused;
            if (std::chrono::steady_clock::now() > deadline) throw TimeoutError("nginx does not start");
            if (!listens) co_await sleep(10ms);
        }
        for (const bool resumed : {false, true}) {
            const Answer answer = co_await get(nginx.port, context);
            EXPECT_THAT(answer.head, HasSubstr("HTTP/1.1 200 OK"));
            EXPECT_TRUE(answer.body == pattern(Nginx::kSize));
            EXPECT_EQ(answer.resumed, resumed);
        }
        nginx.process.terminate();
        const int code = co_await nginx.process.wait();
        EXPECT_EQ(code, 0);
    });
}

}  // namespace
}  // namespace hocket::test
