// socat at the other end: of TCP, Unix sockets, TLS, datagrams and pipes, as a client and as a server.
#include <gmock/gmock.h>

#include <filesystem>

#include "hocket/net/datagram.hpp"
#include "net/tls_fixture.hpp"

namespace hocket::test {
namespace {

class SocatTest : public OnBothBackends {
protected:
    void SetUp() override {
        OnBothBackends::SetUp();
        std::string name = (std::filesystem::temp_directory_path() / "hocket-socat-XXXXXX").string();
        if (!::mkdtemp(name.data())) throw std::runtime_error("mkdtemp");
        folder_ = name;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    std::string path(const char* name) const { return (folder_ / name).string(); }

private:
    std::filesystem::path folder_;
};
HOCKET_ON_BOTH_BACKENDS(SocatTest);

const Certificates& certificates() { return Certificates::get(); }

// What comes back from `address` when `input` is sent there.
Task<std::string> ask(std::string address, std::string input) {
    SubprocessOptions options;
    options.in = options.out = options.err = Redirect::pipe();
    Subprocess process = co_await create_subprocess_exec(options, "socat", "-t", "10", "-", std::move(address));
    const ProcessOutput output = co_await process.communicate(std::move(input));
    EXPECT_EQ(output.returncode, 0) << output.err;
    co_return output.out;
}

// socat as a server that echoes one connection: `address` is where it listens. With -d -d it says when it does.
class Echo {
public:
    explicit Echo(const std::string& address) : process(start(address)) {}
    // The last number of the line that tells.
    Task<std::uint16_t> port() {
        for (;;) {
            const auto line = co_await process.err().read_line();
            if (!line) throw std::runtime_error("socat does not listen");
            if (line->find("listening on") == std::string::npos) continue;
            co_return static_cast<std::uint16_t>(std::atoi(line->c_str() + line->rfind(':') + 1));
        }
    }
    Subprocess process;

private:
    static Subprocess start(const std::string& address) {
        SubprocessOptions options;
        options.err = Redirect::pipe();
        return Subprocess({"socat", "-d", "-d", address, "SYSTEM:cat"}, options);
    }
};

// Sends much and reads it back.
Task<void> expect_echo(Stream stream) {
    const std::string message = pattern(1'000'000);
    Future<void> writing = create_task([](Stream& to, const std::string& text) -> Task<void> {
        co_await to.write(text);
        co_await to.write_eof();
    }(stream, message));
    const std::string answer = co_await stream.read_all();
    co_await writing;
    EXPECT_TRUE(answer == message);
}

TEST_P(SocatTest, IsOurClient) {
    const std::string file = path("server.sock");
    run([&file]() -> Task<void> {
        const std::string message = pattern(1'000'000);
        Server tcp = co_await start_server("127.0.0.1", 0, echo_all);
        std::string answer = co_await ask("TCP:127.0.0.1:" + std::to_string(tcp.port()), message);
        EXPECT_TRUE(answer == message);
        co_await tcp.close();

        Server unix_server = co_await start_unix_server(file, echo_all);
        answer = co_await ask("UNIX-CONNECT:" + file, message);
        EXPECT_TRUE(answer == message);
        co_await unix_server.close();

        Server tls = co_await start_tls_server(certificates().server());
        answer = co_await ask(
            "OPENSSL:localhost:" + std::to_string(tls.port()) + ",pf=ip4,cafile=" + certificates().path("ca.pem"),
            message);
        EXPECT_TRUE(answer == message);
        co_await tls.close();
    });
}

TEST_P(SocatTest, IsOurServer) {
    const std::string file = path("socat.sock");
    run([&file]() -> Task<void> {
        Echo tcp("TCP-LISTEN:0,bind=127.0.0.1");
        const std::uint16_t port = co_await tcp.port();
        Stream stream = co_await open_connection("127.0.0.1", port);
        co_await expect_echo(std::move(stream));

        Echo unix_server("UNIX-LISTEN:" + file);
        (void)co_await unix_server.port();
        stream = co_await open_unix_connection(file);
        co_await expect_echo(std::move(stream));

        Echo tls("OPENSSL-LISTEN:0,bind=127.0.0.1,verify=0,cert=" + certificates().path("server.pem") +
                 ",key=" + certificates().path("server.key"));
        const std::uint16_t encrypted = co_await tls.port();
        const TlsContext context = TlsContext::client(certificates().client());
        stream = co_await open_connection(Address::ip("127.0.0.1", encrypted), "localhost", context);
        co_await stream.write("hello");
        const std::string answer = co_await stream.read_exactly(5);
        EXPECT_EQ(answer, "hello");
    });
}

TEST_P(SocatTest, SendsDatagrams) {
    run([]() -> Task<void> {
        DatagramSocket socket = DatagramSocket::bind("127.0.0.1", 0);
        SubprocessOptions options;
        options.in = options.out = Redirect::pipe();
        Subprocess socat =
            co_await create_subprocess_exec(options, "socat", "-", "UDP:127.0.0.1:" + std::to_string(socket.port()));
        co_await socat.in().write("ping");
        const Datagram got = co_await socket.async_recv_from();
        EXPECT_EQ(got.data, "ping");
        co_await socket.async_send_to("GOT:" + got.data, got.from);
        const std::string answer = co_await socat.out().read_exactly(8);
        EXPECT_EQ(answer, "GOT:ping");
    });
}

}  // namespace
}  // namespace hocket::test
