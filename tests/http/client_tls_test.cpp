// The client over TLS, and through proxies.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "child_process.hpp"
#include "held_port.hpp"
#include "hocket/aio.hpp"
#include "hocket/http.hpp"
#include "http/error_of.hpp"
#include "nginx.hpp"
#include "scripted_server.hpp"

namespace hocket::http {
namespace {

using namespace std::chrono_literals;
using hocket::testing::ChildProcess;
using hocket::testing::HeldPort;
using hocket::testing::Nginx;
using hocket::testing::ok;
using hocket::testing::ScriptedServer;
using hocket::testing::Visitor;
using ::testing::HasSubstr;
using ::testing::StartsWith;

void openssl(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "openssl");
    ChildProcess process(arguments);
    if (!process.wait_for(20s) || process.status() != 0) throw std::runtime_error("openssl: " + process.errors);
}

// An authority of our own, and what it has signed.
class Authority {
public:
    Authority() {
        std::string pattern = (std::filesystem::temp_directory_path() / "hocket-ca-XXXXXX").string();
        if (!::mkdtemp(pattern.data())) throw std::runtime_error("mkdtemp");
        folder_ = pattern;
        openssl({"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                 "-subj", "/CN=Test authority", "-keyout", path("ca.key"), "-out", path("ca.pem")});
    }
    Authority(const Authority&) = delete;
    Authority& operator=(const Authority&) = delete;
    ~Authority() {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    std::string path(const std::string& name) const { return (folder_ / name).string(); }
    // Makes NAME.pem and NAME.key for `subject`, such as "DNS:localhost"; expired for a negative number of days.
    void sign(const std::string& name, const std::string& subject, int days) const {
        std::ofstream(path(name + ".ext")) << "subjectAltName=" << subject << "\n";
        openssl({"req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=" + name,
                 "-keyout", path(name + ".key"), "-out", path(name + ".csr")});
        openssl({"x509", "-req", "-in", path(name + ".csr"), "-CA", path("ca.pem"), "-CAkey", path("ca.key"),
                 "-CAcreateserial", "-days", std::to_string(days), "-extfile", path(name + ".ext"), "-out",
                 path(name + ".pem")});
    }

private:
    std::filesystem::path folder_;
};

class ClientTls : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        authority_ = std::make_unique<Authority>();
        authority_->sign("right", "IP:127.0.0.1", 2);
        authority_->sign("wrong", "DNS:elsewhere.example", 2);
        authority_->sign("expired", "IP:127.0.0.1", -1);
        authority_->sign("client", "DNS:client", 2);
        // After the first server block, which closes here, others follow.
        std::string servers =
            "location = /who { return 200 $connection; }\n"
            "location = /hello { return 200 hello; }\n"
            "location = /version { return 200 $server_protocol; }\n}\n";
        for (const std::string name : {"right", "wrong", "expired", "client"}) {
            const std::uint16_t port = ports_[name].port();
            const std::string certificate = name == "client" ? "right" : name;
            servers += "server { listen 127.0.0.1:" + std::to_string(port) + " ssl http2; ssl_certificate " +
                       authority_->path(certificate + ".pem") + "; ssl_certificate_key " +
                       authority_->path(certificate + ".key") + ";\n";
            if (name == "client")
                servers += "ssl_verify_client on; ssl_client_certificate " + authority_->path("ca.pem") + ";\n";
            servers +=
                "location = /who { return 200 \"$connection $ssl_session_reused\"; }\n"
                "location = /hello { return 200 \"hello $ssl_client_s_dn\"; }\n"
                "location = /version { return 200 $server_protocol; } }\n";
        }
        // A forward proxy for http.
        const std::uint16_t port = ports_["proxy"].port();
        servers += "server { listen 127.0.0.1:" + std::to_string(port) +
                   "; location / { proxy_pass http://$http_host$request_uri; proxy_set_header Host $http_host; "
                   "add_header X-Proxied yes; }";
        nginx_ = std::make_unique<Nginx>(servers);
    }
    static void TearDownTestSuite() {
        nginx_.reset();
        authority_.reset();
    }
    static std::string url(const std::string& server, const std::string& target) {
        return "https://127.0.0.1:" + std::to_string(ports_.at(server).port()) + target;
    }
    static Options trusting() { return Options().ca_file(authority_->path("ca.pem")); }

    static inline std::unique_ptr<Authority> authority_;
    static inline std::unique_ptr<Nginx> nginx_;
    static inline std::map<std::string, HeldPort> ports_;
};

TEST_F(ClientTls, ACertificateOfATrustedAuthorityIsAccepted) {
    run([](std::string target, Options options) -> Task<void> {
        Client client;
        const Response response = co_await client.get(target, options);
        EXPECT_THAT(std::string(response.body()), StartsWith("hello"));
    }(url("right", "/hello"), trusting()));
}

TEST_F(ClientTls, OtherCertificatesAreRefused) {
    struct Case {
        std::string url;
        Options options;
        const char* why;
    };
    const std::vector<Case> cases{
        {url("right", "/hello"), Options(), "unable to get local issuer certificate"},
        {url("wrong", "/hello"), trusting(), "127.0.0.1"},
        {url("expired", "/hello"), trusting(), "expired"},
        {nginx_->tls_url("/hello"), Options(), "self-signed certificate"},
    };
    run([](const std::vector<Case>& all) -> Task<void> {
        Client client;
        for (const Case& each : all) {
            const Error error = co_await error_of(client.get(each.url, each.options));
            EXPECT_EQ(error.failure(), Failure::tls);
            EXPECT_THAT(error.what(), HasSubstr(each.why));
            const auto careless = Options(each.options).accept_any_certificate();
            const Response response = co_await client.get(each.url, careless);
            EXPECT_EQ(response.status(), 200);
            // That one trusts a connection does not let others use it.
            const Error again = co_await error_of(client.get(each.url, each.options));
            EXPECT_EQ(again.failure(), Failure::tls);
        }
    }(cases));
}

TEST_F(ClientTls, AClientCertificateIsShown) {
    const auto with_certificate =
        trusting().client_certificate(authority_->path("client.pem"), authority_->path("client.key"));
    run([](std::string target, Options known, Options unknown) -> Task<void> {
        Client client;
        const Response let_in = co_await client.get(target, known);
        EXPECT_EQ(let_in.body(), "hello CN=client");
        const Response refused = co_await client.get(target, unknown);
        EXPECT_EQ(refused.status(), 400);
    }(url("client", "/hello"), with_certificate, trusting()));
}

TEST_F(ClientTls, SpeaksHttp2AndKeepsTheConnection) {
    run([](std::string version, std::string who, Options options) -> Task<void> {
        Client client;
        const Response protocol = co_await client.get(version, options);
        EXPECT_EQ(protocol.body(), "HTTP/2.0");
        std::set<std::string> connections;
        for (int i = 0; i < 5; ++i) {
            const Response response = co_await client.get(who, options);
            connections.emplace(response.body());
        }
        EXPECT_EQ(connections.size(), 1u);
        std::vector<Task<Response>> requests;
        for (int i = 0; i < 50; ++i) requests.push_back(client.get(who, options));
        const auto responses = co_await gather(std::move(requests));
        for (const Response& response : responses) EXPECT_EQ(response.status(), 200);
    }(url("right", "/version"), url("right", "/who"), trusting()));
}

TEST_F(ClientTls, AProxyIsUsedForHttp) {
    run([](std::string target, std::string proxy) -> Task<void> {
        Client client;
        const Response direct = co_await client.get(target);
        EXPECT_EQ(direct.header("X-Proxied"), "");
        const auto options = Options().proxy(proxy);
        const Response proxied = co_await client.get(target, options);
        EXPECT_EQ(proxied.header("X-Proxied"), "yes");
        EXPECT_EQ(proxied.body(), "hello");
    }(nginx_->url("/hello"), "http://127.0.0.1:" + std::to_string(ports_.at("proxy").port())));
}

// A proxy that connects to where it is told, if the client is who it should be.
Task<void> tunnel(Visitor& visitor, std::vector<std::string>* asked) {
    const std::string head = co_await visitor.read_head();
    asked->push_back(head);
    if (head.find("Proxy-Authorization: Basic bWU6cHc=") == head.npos) {
        co_await visitor.send("HTTP/1.1 407 Who are you?\r\nContent-Length: 0\r\n\r\n");
        co_return;
    }
    const std::size_t colon = head.find(':');
    const int port = std::stoi(head.substr(colon + 1));
    Socket target = co_await Socket::async_connect("127.0.0.1", static_cast<std::uint16_t>(port));
    co_await visitor.send("HTTP/1.1 200 Connected\r\n\r\n");
    const auto copy = [](Socket& from, Socket& to) -> Task<void> {
        std::vector<char> buffer(64 * 1024);
        std::size_t size = co_await from.async_recv(buffer);
        while (size > 0) {
            co_await to.async_send(std::string_view(buffer.data(), size));
            size = co_await from.async_recv(buffer);
        }
    };
    auto both = race(copy(visitor.socket(), target), copy(target, visitor.socket()));
    co_await std::move(both);
}

TEST_F(ClientTls, AProxyIsATunnelForHttps) {
    std::vector<std::string> asked;
    ScriptedServer proxy([&](Visitor& visitor) -> Task<void> { co_await tunnel(visitor, &asked); });
    const auto test = [&]() -> Task<void> {
        Client client;
        const std::string at = "127.0.0.1:" + std::to_string(proxy.port());
        const auto known = trusting().proxy("http://me:pw@" + at);
        const Response response = co_await client.get(url("right", "/hello"), known);
        EXPECT_THAT(std::string(response.body()), StartsWith("hello"));
        EXPECT_EQ(response.header("X-Anything"), "");
        const auto unknown = trusting().proxy("http://" + at);
        const Error error = co_await error_of(client.get(url("right", "/version"), unknown));
        EXPECT_THAT(error.what(), HasSubstr("407"));
        EXPECT_EQ(error.failure(), Failure::proxy);
    };
    run(proxy.during(test));
    EXPECT_EQ(asked.size(), 2u);
    EXPECT_THAT(asked.at(0), StartsWith("CONNECT 127.0.0.1:"));
}

TEST_F(ClientTls, AProxyThatIsNotThereIsNamed) {
    run([](std::string target) -> Task<void> {
        Client client;
        const auto options = Options().proxy("http://127.0.0.1:1");
        const Error error = co_await error_of(client.get(target, options));
        EXPECT_EQ(error.failure(), Failure::connect);
        EXPECT_THAT(error.what(), HasSubstr("127.0.0.1 port 1"));
    }(nginx_->url("/hello")));
}

}  // namespace
}  // namespace hocket::http
