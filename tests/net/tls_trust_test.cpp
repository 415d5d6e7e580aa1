// Whom TLS trusts, and what it says of those whom it does not.
#include <gmock/gmock.h>

#include <fstream>

#include "net/tls_fixture.hpp"

namespace hocket::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using Trust = TlsClientOptions::Trust;
using Asked = TlsServerOptions::ClientCertificate;

class TlsTrustTest : public OnBothBackends {};
HOCKET_ON_BOTH_BACKENDS(TlsTrustTest);

const Certificates& certificates() { return Certificates::get(); }

/// What both ends make of a handshake and a first message each way; "" for success.
class Verdicts {
public:
    Verdicts() = default;
    std::error_code client_code;
    std::error_code server_code;
    std::string client;
    std::string server;
    TlsInfo client_info;
    TlsInfo server_info;
};

Task<void> talk(Stream plain, TlsContext context, std::string host, std::string& text, std::error_code& code,
                TlsInfo& info) {
    try {
        Stream stream = co_await start_tls(std::move(plain), std::move(context), std::move(host));
        co_await stream.write("hello\n");
        const auto line = co_await stream.read_line();
        EXPECT_EQ(line, "hello");
        info = stream.tls_info().value();
    } catch (const std::system_error& error) {
        text = error.what();
        code = error.code();
    }
}

Task<Verdicts> judge(TlsClientOptions client, TlsServerOptions server, std::string host = "localhost") {
    Verdicts verdicts;
    std::pair<Stream, Stream> plain = co_await stream_pair();
    co_await gather(talk(std::move(plain.first), TlsContext::client(std::move(client)), std::move(host),
                         verdicts.client, verdicts.client_code, verdicts.client_info),
                    talk(std::move(plain.second), TlsContext::server(std::move(server)), "", verdicts.server,
                         verdicts.server_code, verdicts.server_info));
    co_return verdicts;
}

TEST_P(TlsTrustTest, NamesAndAddressesOfTheCertificateAreGood) {
    run([]() -> Task<void> {
        for (const char* host : {"localhost", "LOCALHOST", "localhost.", "example.test", "127.0.0.1", "::1"}) {
            const Verdicts verdicts = co_await judge(certificates().client(), certificates().server(), host);
            EXPECT_EQ(verdicts.client, "") << host;
            EXPECT_EQ(verdicts.server, "") << host;
        }
    });
}

TEST_P(TlsTrustTest, OtherNamesAndAddressesAreNot) {
    run([]() -> Task<void> {
        for (const char* host : {"other.test", "sub.localhost", "127.0.0.2", "::2"}) {
            const Verdicts verdicts = co_await judge(certificates().client(), certificates().server(), host);
            EXPECT_EQ(verdicts.client_code, TlsErrc::untrusted) << host;
            EXPECT_THAT(verdicts.client,
                        HasSubstr("hocket: TLS: handshake with " + std::string(host) + " (127.0.0.1:"));
            EXPECT_THAT(verdicts.client, HasSubstr("the certificate is for localhost, example.test, 127.0.0.1, ::1, "
                                                   "not for " +
                                                   std::string(host)));
            EXPECT_EQ(verdicts.server_code, TlsErrc::refused);
        }
    });
}

TEST_P(TlsTrustTest, SaysWhatIsWrongWithACertificate) {
    run([]() -> Task<void> {
        const Verdicts expired = co_await judge(certificates().client(), certificates().server("expired"));
        EXPECT_EQ(expired.client_code, TlsErrc::untrusted);
        EXPECT_THAT(expired.client, AllOf(HasSubstr("certificate has expired: CN=expired,O=Hocket was valid until 20"),
                                          HasSubstr("its owner must renew it")));
        EXPECT_THAT(expired.server, HasSubstr("our certificate has expired, by its clock"));
        const Verdicts stranger = co_await judge(certificates().client(), certificates().server("stranger"));
        EXPECT_EQ(stranger.client_code, TlsErrc::untrusted);
        EXPECT_THAT(stranger.client, AllOf(HasSubstr("unable to get local issuer certificate"),
                                           HasSubstr("(CN=Hocket test stranger_ca): pass its CA by "
                                                     "TlsClientOptions::ca")));
        EXPECT_THAT(stranger.server, HasSubstr("it does not know the CA of our certificate"));
        const Verdicts alone = co_await judge(certificates().client(), certificates().server("self_signed"));
        EXPECT_EQ(alone.client_code, TlsErrc::untrusted);
        EXPECT_THAT(alone.client, HasSubstr("if you trust it, pass it by TlsClientOptions::ca"));
    });
}

TEST_P(TlsTrustTest, TheSystemDoesNotTrustOurTestCa) {
    run([]() -> Task<void> {
        const Verdicts verdicts = co_await judge(TlsClientOptions(), certificates().server());
        EXPECT_EQ(verdicts.client_code, TlsErrc::untrusted);
        TlsClientOptions both;
        both.ca.push_back(certificates().path("ca.pem"));
        const Verdicts added = co_await judge(both, certificates().server());
        EXPECT_EQ(added.client, "");
    });
}

TEST_P(TlsTrustTest, WhoTrustsEverybodyVerifiesNothing) {
    run([]() -> Task<void> {
        TlsClientOptions careless;
        careless.trust = Trust::everybody;
        for (const char* name : {"server", "expired", "self_signed", "stranger", "elsewhere"}) {
            const Verdicts verdicts = co_await judge(careless, certificates().server(name));
            EXPECT_EQ(verdicts.client, "") << name;
        }
        const Verdicts nameless = co_await judge(careless, certificates().server(), "");
        EXPECT_EQ(nameless.client, "");
        EXPECT_EQ(nameless.server_info.server_name, "");
    });
}

TEST_P(TlsTrustTest, PinsStandForThemselves) {
    run([]() -> Task<void> {
        TlsClientOptions careless;
        careless.trust = Trust::everybody;
        const Verdicts seen = co_await judge(careless, certificates().server("self_signed"));
        std::string pin;
        for (const char c : seen.client_info.peer.value().fingerprint) {
            pin += static_cast<char>(std::toupper(c));
            if (pin.size() % 3 == 2) pin += ':';
        }
        pin.pop_back();
        TlsClientOptions pinned;
        pinned.pinned = {std::string(64, '0'), pin};
        const Verdicts good = co_await judge(pinned, certificates().server("self_signed"), "any.name");
        EXPECT_EQ(good.client, "");
        const Verdicts bad = co_await judge(pinned, certificates().server(), "localhost");
        EXPECT_EQ(bad.client_code, TlsErrc::untrusted);
        EXPECT_THAT(bad.client, HasSubstr("is none of those in TlsClientOptions::pinned, but "));
        pinned.trust = Trust::everybody;
        const Verdicts still = co_await judge(pinned, certificates().server(), "localhost");
        EXPECT_EQ(still.client_code, TlsErrc::untrusted);
        pinned.pinned = {"abc"};
        EXPECT_THROW(TlsContext::client(pinned), std::invalid_argument);
    });
}

TEST_P(TlsTrustTest, ClientsShowTheirCertificates) {
    run([]() -> Task<void> {
        TlsServerOptions strict = certificates().server();
        strict.client_certificate = Asked::required;
        strict.ca.push_back(certificates().path("ca.pem"));
        const Verdicts none = co_await judge(certificates().client(), strict);
        EXPECT_EQ(none.server_code, TlsErrc::untrusted);
        EXPECT_THAT(none.server, HasSubstr("TlsServerOptions::client_certificate requires one"));
        EXPECT_EQ(none.client_code, TlsErrc::refused);
        EXPECT_THAT(none.client,
                    HasSubstr("it wants a certificate of ours: set TlsClientOptions::certificate and key"));

        TlsClientOptions client = certificates().client();
        client.certificate = certificates().path("client.pem");
        client.key = certificates().path("client.key");
        const Verdicts good = co_await judge(client, strict);
        EXPECT_EQ(good.client + good.server, "");
        EXPECT_EQ(good.server_info.peer.value().subject, "CN=client,O=Hocket");

        client.certificate = certificates().path("stranger.pem");
        client.key = certificates().path("stranger.key");
        const Verdicts stranger = co_await judge(client, strict);
        EXPECT_EQ(stranger.server_code, TlsErrc::untrusted);
        EXPECT_THAT(stranger.server, HasSubstr("pass its CA by TlsServerOptions::ca"));
        EXPECT_EQ(stranger.client_code, TlsErrc::refused);

        strict.client_certificate = Asked::optional;
        const Verdicts bare = co_await judge(certificates().client(), strict);
        EXPECT_EQ(bare.client + bare.server, "");
        EXPECT_FALSE(bare.server_info.peer);
        const Verdicts false_one = co_await judge(client, strict);
        EXPECT_EQ(false_one.server_code, TlsErrc::untrusted);
    });
}

TEST_P(TlsTrustTest, AgreesOnAProtocol) {
    run([]() -> Task<void> {
        TlsClientOptions client = certificates().client();
        TlsServerOptions server = certificates().server();
        client.alpn = {"http/1.1", "h2"};
        const Verdicts unasked = co_await judge(client, server);
        EXPECT_EQ(unasked.client_info.alpn, "");
        server.alpn = {"h2", "http/1.1"};
        const Verdicts both = co_await judge(client, server);
        EXPECT_EQ(both.client_info.alpn, "h2") << "the server's favourite";
        EXPECT_EQ(both.server_info.alpn, "h2");
        server.alpn = {"imap", "pop3"};
        const Verdicts none = co_await judge(client, server);
        EXPECT_EQ(none.client_code, TlsErrc::refused);
        EXPECT_THAT(none.client, HasSubstr("it speaks none of http/1.1, h2"));
        EXPECT_EQ(none.server_code, TlsErrc::handshake);
        EXPECT_THAT(none.server, HasSubstr("it speaks none of imap, pop3"));
        client.alpn.clear();
        const Verdicts silent = co_await judge(client, server);
        EXPECT_EQ(silent.client + silent.server, "");
        client.alpn = {""};
        EXPECT_THROW(TlsContext::client(client), std::invalid_argument);
    });
}

TEST_P(TlsTrustTest, CiphersCanBeChosen) {
    run([]() -> Task<void> {
        TlsClientOptions client = certificates().client();
        client.cipher_suites = "TLS_CHACHA20_POLY1305_SHA256";
        const Verdicts chosen = co_await judge(client, certificates().server());
        EXPECT_EQ(chosen.client_info.cipher, "TLS_CHACHA20_POLY1305_SHA256");
        TlsServerOptions server = certificates().server();
        server.cipher_suites = "TLS_AES_128_GCM_SHA256";
        const Verdicts apart = co_await judge(client, server);
        EXPECT_EQ(apart.server_code, TlsErrc::handshake);
        EXPECT_EQ(apart.client_code, TlsErrc::refused);
        client.ciphers = "NO SUCH THING";
        EXPECT_THROW(TlsContext::client(client), TlsError);
    });
}

std::string configuration_error(const TlsServerOptions& options) {
    try {
        TlsContext::server(options);
    } catch (const TlsError& error) {
        EXPECT_EQ(error.code(), TlsErrc::configuration);
        return error.what();
    }
    return "";
}

TEST(TlsContextTest, SaysWhichFileCannotBeUsed) {
    TlsServerOptions options = certificates().server();
    options.key = certificates().path("client.key");
    EXPECT_THAT(configuration_error(options),
                AllOf(HasSubstr("client.key\" for the certificate in \""), HasSubstr("key values mismatch")));
    options.key = "/no/such.key";
    EXPECT_THAT(configuration_error(options), AllOf(HasSubstr("/no/such.key"), HasSubstr("No such file")));
    options = certificates().server();
    options.ca.push_back("/no/such.pem");
    EXPECT_THAT(configuration_error(options),
                AllOf(HasSubstr("the CAs in \"/no/such.pem\""), HasSubstr("No such file")));
    options.certificate = certificates().path("server.key");
    EXPECT_THAT(configuration_error(options), HasSubstr("cannot use the certificate in"));
    EXPECT_THAT(configuration_error(TlsServerOptions()), HasSubstr("a server needs a certificate"));
    EXPECT_THROW(TlsContext().reload(), InvalidStateError);
}

TEST(TlsContextTest, KeysMayBeEncrypted) {
    const std::string key = certificates().path("encrypted.key");
    testing::ChildProcess openssl({"openssl", "pkey", "-aes128", "-passout", "pass:sesame", "-in",
                                   certificates().path("server.key"), "-out", key});
    ASSERT_TRUE(openssl.wait_for(20s));
    TlsServerOptions options = certificates().server();
    options.key = key;
    EXPECT_THAT(configuration_error(options), HasSubstr("encrypted.key"));  // and does not ask at the terminal
    options.key_password = "sesame";
    EXPECT_EQ(configuration_error(options), "");
}

TEST_P(TlsTrustTest, ARenewedCertificateIsRead) {
    run([]() -> Task<void> {
        const std::string path = certificates().path("renewed.pem");
        const auto install = [&](const std::string& name) {
            std::ofstream file(path);
            for (const std::string& part : {name + ".pem", name + ".key"})
                file << std::ifstream(certificates().path(part)).rdbuf();
        };
        install("expired");
        TlsServerOptions options;
        options.certificate = path;  // with its key in it
        TlsContext context = TlsContext::server(options);
        ServerOptions how;
        how.tls = context;
        Server server = co_await start_server("127.0.0.1", 0, echo_all, how);
        const TlsContext client = TlsContext::client(certificates().client());
        (void)co_await thrown_by<TlsError>(open_connection("127.0.0.1", server.port(), client));
        install("server");
        context.reload();
        const Stream good = co_await open_connection("127.0.0.1", server.port(), client);
        std::filesystem::remove(path);
        EXPECT_THROW(context.reload(), TlsError);
        const Stream still = co_await open_connection("127.0.0.1", server.port(), client);
        co_await server.close();
    });
}

TEST_P(TlsTrustTest, KeysAreLoggedForWireshark) {
    run([]() -> Task<void> {
        const std::string path = certificates().path("keys.log");
        ::setenv("SSLKEYLOGFILE", path.c_str(), 1);
        const Verdicts verdicts = co_await judge(certificates().client(), certificates().server());
        ::unsetenv("SSLKEYLOGFILE");
        EXPECT_EQ(verdicts.client, "");
        std::ostringstream logged;
        logged << std::ifstream(path).rdbuf();
        EXPECT_THAT(logged.str(), AllOf(HasSubstr("CLIENT_TRAFFIC_SECRET_0 "), HasSubstr("SERVER_TRAFFIC_SECRET_0 ")));
        EXPECT_EQ(std::filesystem::status(path).permissions(),
                  std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    });
}

}  // namespace
}  // namespace hocket::test
