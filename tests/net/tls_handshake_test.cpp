// Handshakes that take long, break off, are cancelled, or are short because of an earlier session.
#include <gmock/gmock.h>

#include "net/tls_fixture.hpp"
#include "report_capture.hpp"

namespace hocket::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class TlsHandshakeTest : public OnBothBackends {};
HOCKET_ON_BOTH_BACKENDS(TlsHandshakeTest);

const Certificates& certificates() { return Certificates::get(); }

TlsContext client_context() { return TlsContext::client(certificates().client()); }

/// Waits for something that other tasks of the loop bring about.
template <class Condition>
Task<void> until(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) throw TimeoutError("waited for ten seconds");
        co_await yield_now();
    }
}

/// One line there and back.
Task<TlsInfo> visit(std::uint16_t port, TlsContext context, std::string host = "localhost") {
    Stream stream = co_await open_connection(Address::ip("127.0.0.1", port), std::move(host), std::move(context));
    co_await stream.write("hello\n");
    const auto line = co_await stream.read_line();
    EXPECT_EQ(line, "hello");
    const TlsInfo info = stream.tls_info().value();
    co_await stream.write_eof();
    const std::string end = co_await stream.read_all();
    EXPECT_EQ(end, "");
    co_return info;
}

/// What the server says of the first handshake that fails; it allows ten seconds for each, or `limit`.
class StrictServer {
public:
    StrictServer() = default;
    Task<void> start(Duration limit = 10s, std::size_t places = 100) {
        TlsServerOptions tls = certificates().server();
        tls.handshake_limit = limit;
        ServerOptions options;
        options.tls = TlsContext::server(tls);
        options.max_connections = places;
        options.on_failed_handshake = [this](const std::exception& error) {
            failures.push_back(error.what());
            const auto* system = dynamic_cast<const std::system_error*>(&error);
            codes.push_back(system ? system->code() : std::error_code());
        };
        server = co_await start_server("127.0.0.1", 0, echo_all, options);
    }
    Server server;
    std::vector<std::string> failures;
    std::vector<std::error_code> codes;
};

TEST_P(TlsHandshakeTest, WhoSaysNothingLosesItsPlace) {
    run([]() -> Task<void> {
        StrictServer strict;
        co_await strict.start(1s, 1);
        const Socket idle = co_await Socket::async_connect(strict.server.addresses().front());
        co_await until([&] { return strict.server.connections() == 1; });
        const TlsInfo served = co_await visit(strict.server.port(), client_context());  // in its turn
        EXPECT_FALSE(served.resumed);
        EXPECT_EQ(strict.codes.at(0), TlsErrc::timed_out);
        EXPECT_THAT(strict.failures.at(0), AllOf(HasSubstr("hocket: TLS: handshake with 127.0.0.1:"),
                                                 HasSubstr("did not end within 1.000 s")));
        const std::string end = co_await receive(idle);
        EXPECT_EQ(end, "");
        co_await strict.server.close();
    });
}

TEST_P(TlsHandshakeTest, TheClientsPatienceEndsToo) {
    run([]() -> Task<void> {
        const Listener silent = Listener::bind("127.0.0.1", 0);
        TlsClientOptions options = certificates().client();
        options.handshake_limit = 10ms;
        const TlsError error =
            co_await thrown_by<TlsError>(open_connection("127.0.0.1", silent.port(), TlsContext::client(options)));
        EXPECT_EQ(error.code(), TlsErrc::timed_out);
    });
}

TEST_P(TlsHandshakeTest, PeersThatDoNotSpeakTls) {
    run([]() -> Task<void> {
        StrictServer strict;
        co_await strict.start();
        Socket browser = co_await Socket::async_connect(strict.server.addresses().front());
        send_now(browser, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        co_await until([&] { return strict.failures.size() == 1; });
        EXPECT_EQ(strict.codes[0], TlsErrc::handshake);
        EXPECT_THAT(strict.failures[0], HasSubstr("http request: does it speak TLS on this port at all?"));

        Socket brief = co_await Socket::async_connect(strict.server.addresses().front());
        brief.close();
        co_await until([&] { return strict.failures.size() == 2; });
        EXPECT_EQ(strict.codes[1], TlsErrc::handshake);
        EXPECT_THAT(strict.failures[1], HasSubstr("it closed the connection"));

        Socket rude = co_await Socket::async_connect(strict.server.addresses().front());
        co_await until([&] { return strict.server.connections() == 1; });
        send_now(rude, std::string("\x16\x03\x01\x02\x00\x01", 6));  // the beginning of a ClientHello
        co_await settle();
        reset(rude);
        co_await until([&] { return strict.failures.size() == 3; });
        EXPECT_EQ(strict.codes[2], std::errc::connection_reset);
        EXPECT_THAT(strict.failures[2], HasSubstr("hocket: TLS: handshake with 127.0.0.1:"));

        const TlsInfo served = co_await visit(strict.server.port(), client_context());
        EXPECT_EQ(served.version, "TLSv1.3");
        co_await strict.server.close();
    });
}

TEST_P(TlsHandshakeTest, ServersThatDoNotSpeakTls) {
    run([]() -> Task<void> {
        auto answer_plainly = [](Stream stream) -> Task<void> {
            (void)co_await stream.read();
            co_await stream.write("220 mail.example.org ESMTP ready\r\n");
        };
        Server mail = co_await start_server("127.0.0.1", 0, answer_plainly);
        const TlsError plain = co_await thrown_by<TlsError>(visit(mail.port(), client_context()));
        EXPECT_EQ(plain.code(), TlsErrc::handshake);
        EXPECT_THAT(plain.what(), HasSubstr("does it speak TLS on this port at all?"));
        auto hang_up = [](Stream stream) -> Task<void> { (void)co_await stream.read(); };
        Server other = co_await start_server("127.0.0.1", 0, hang_up);
        const TlsError gone = co_await thrown_by<TlsError>(visit(other.port(), client_context()));
        EXPECT_THAT(gone.what(), HasSubstr("it closed the connection"));
        auto abort = [](Stream stream) -> Task<void> {
            (void)co_await stream.read(10);
            stream.abort();
        };
        Server third = co_await start_server("127.0.0.1", 0, abort);
        const std::error_code broken = co_await error_of(visit(third.port(), client_context()));
        EXPECT_EQ(broken, std::errc::connection_reset);
        co_await mail.close();
        co_await other.close();
        co_await third.close();
    });
}

TEST_P(TlsHandshakeTest, CanBeCancelledAtEveryStep) {
    run([]() -> Task<void> {
        const ReportCapture reports;  // of echoes to those who have gone
        Server server = co_await start_tls_server(certificates().server());
        const TlsContext context = client_context();
        (void)co_await visit(server.port(), context);
        co_await until([&] { return server.connections() == 0; });
        const std::size_t before = open_descriptors();
        int cancelled = 0;
        int arrived = 0;
        for (int turns = 0; turns < 30; ++turns) {
            Future<TlsInfo> visiting = create_task(visit(server.port(), context));
            for (int i = 0; i < turns; ++i) co_await yield_now();
            visiting.cancel();
            try {
                (void)co_await std::move(visiting);
                ++arrived;
            } catch (const CancelledError&) {
                ++cancelled;
            }
            co_await until([&] { return server.connections() == 0; });
        }
        EXPECT_GT(cancelled, 3);
        EXPECT_EQ(cancelled + arrived, 30);
        co_await until([&] { return open_descriptors() <= before; });
        (void)co_await visit(server.port(), context);
        co_await server.close();
    });
}

TEST_P(TlsHandshakeTest, TheServerMayCloseAtEveryStep) {
    run([]() -> Task<void> {
        const TlsContext context = client_context();
        for (int turns = 0; turns < 20; ++turns) {
            Server server = co_await start_tls_server(certificates().server());
            Future<TlsInfo> visiting = create_task(visit(server.port(), context));
            for (int i = 0; i < turns; ++i) co_await yield_now();
            co_await server.close();
            EXPECT_EQ(server.connections(), 0u);
            try {
                (void)co_await std::move(visiting);
            } catch (const std::system_error&) {
                // Refused, reset, or ended in the middle.
            }
        }
    });
}

TEST_P(TlsHandshakeTest, ClientsTakeUpTheirSessionsAgain) {
    run([]() -> Task<void> {
        TlsServerOptions options = certificates().server();
        options.client_certificate = TlsServerOptions::ClientCertificate::required;
        options.ca.push_back(certificates().path("ca.pem"));
        TlsContext context = TlsContext::server(options);
        std::vector<TlsInfo> seen;
        auto handler = [&](Stream stream) -> Task<void> {
            seen.push_back(stream.tls_info().value());
            co_await echo_all(std::move(stream));
        };
        ServerOptions how;
        how.tls = context;
        Server server = co_await start_server("127.0.0.1", 0, handler, how);
        TlsClientOptions shown = certificates().client();
        shown.certificate = certificates().path("client.pem");
        shown.key = certificates().path("client.key");
        const TlsContext client = TlsContext::client(shown);
        std::vector<TlsInfo> had;
        for (int i = 0; i < 4; ++i) {
            TlsInfo info = co_await visit(server.port(), client);
            had.push_back(std::move(info));
        }
        for (std::size_t i = 0; i < 4; ++i) {
            EXPECT_EQ(had[i].resumed, i > 0) << i;
            EXPECT_EQ(seen[i].resumed, i > 0) << i;
            EXPECT_EQ(had[i].peer.value().subject, "CN=server,O=Hocket");
            EXPECT_EQ(seen[i].peer.value().subject, "CN=client,O=Hocket") << "still known";
        }
        const TlsInfo other = co_await visit(server.port(), client, "example.test");
        EXPECT_FALSE(other.resumed) << "a session is for the name that was verified";
        context.reload();
        const TlsInfo after = co_await visit(server.port(), client);
        EXPECT_FALSE(after.resumed) << "the key of its ticket is gone";
        const TlsInfo again = co_await visit(server.port(), client);
        EXPECT_TRUE(again.resumed);
        co_await server.close();
    });
}

TEST_P(TlsHandshakeTest, OneContextServesSeveralLoops) {
    TlsContext server_context = TlsContext::server(certificates().server());
    const TlsContext client = client_context();
    const auto visit_often = [](const TlsContext& tls, TlsContext visitor) -> Task<int> {
        ServerOptions how;
        how.tls = tls;
        Server server = co_await start_server("127.0.0.1", 0, echo_all, how);
        int resumed = 0;
        for (int i = 0; i < 20; ++i) {
            const TlsInfo info = co_await visit(server.port(), visitor);
            if (info.resumed) ++resumed;
        }
        co_await server.close();
        co_return resumed;
    };
    LoopThread first("first", options());
    LoopThread second("second", options());
    Future<int> here = first.submit(visit_often(server_context, client));
    Future<int> there = second.submit(visit_often(server_context, client));
    for (int i = 0; i < 3; ++i) server_context.reload();
    EXPECT_GT(here.result(), 10);
    EXPECT_GT(there.result(), 10);
}

TEST_P(TlsHandshakeTest, ClientsThatOnlyWriteLoseNothing) {
    run([]() -> Task<void> {
        std::string arrived;
        Promise<void> done;
        auto handler = [&](Stream stream) -> Task<void> {
            arrived = co_await stream.read_all();
            done.set_result();
        };
        Server server = co_await start_tls_server(certificates().server(), handler);
        const std::string data = pattern(5'000'000);
        {
            Stream stream = co_await open_connection("127.0.0.1", server.port(), client_context());
            co_await stream.write(data);
        }
        co_await done.future();
        EXPECT_TRUE(arrived == data);
        co_await server.close();
    });
}

}  // namespace
}  // namespace hocket::test
