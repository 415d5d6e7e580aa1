// A real nginx for tests, on free loopback ports, with a configuration and files of its own in a temporary folder.
#pragma once
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <regex>
#include <stdexcept>
#include <string>
#include <vector>

#include "child_process.hpp"
#include "held_port.hpp"
#include "hocket/net.hpp"

namespace hocket::testing {

class Nginx {
public:
    // `locations` goes into the server block; FOLDER in it stands for the folder of path().
    explicit Nginx(const std::string& locations) {
        std::string pattern = (std::filesystem::temp_directory_path() / "hocket-nginx-XXXXXX").string();
        if (!::mkdtemp(pattern.data())) throw std::runtime_error("mkdtemp");
        folder_ = pattern;
        make_certificate();
        std::ofstream(folder_ / "nginx.conf")
            << (::geteuid() == 0 ? "user root; " : "") << "daemon off; master_process on; worker_processes 1; pid "
            << path("pid") << "; error_log " << path("error.log") << " warn;\n"
            << "events { worker_connections 4096; }\n"
            << "http { log_format short '$status $request_method $content_length $body_bytes_sent';\n"
            << "  access_log " << path("access.log")
            << " short; keepalive_requests 100000000; default_type text/plain;\n"
            << "  client_body_temp_path " << path("a") << "; proxy_temp_path " << path("b") << "; fastcgi_temp_path "
            << path("c") << "; uwsgi_temp_path " << path("d") << "; scgi_temp_path " << path("e") << ";\n"
            << "  server { listen 127.0.0.1:" << port_ << " backlog=4096;\n"
            << "    listen 127.0.0.1:" << tls_port_ << " ssl; ssl_certificate " << path("cert.pem")
            << "; ssl_certificate_key " << path("key.pem") << ";\n"
            << std::regex_replace(locations, std::regex("FOLDER"), folder_.string()) << "\n} }\n";
        start();
    }
    ~Nginx() {
        stop();
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }

    void start() {
        process_ = std::make_unique<ChildProcess>(
            std::vector<std::string>{"nginx", "-c", path("nginx.conf"), "-p", folder_.string()});
        for (int tries = 0; tries < 500; ++tries) {
            if (answers()) return;
            if (process_->wait_for(std::chrono::milliseconds(20))) break;
        }
        throw std::runtime_error("nginx did not start: " + process_->errors);
    }
    // Ends it at once, connections and all, and waits for its end, so that the log is complete.
    void stop() {
        if (!process_) return;
        process_->send_signal(SIGTERM);
        if (!process_->wait_for(std::chrono::seconds(20))) throw std::runtime_error("nginx does not end");
        process_.reset();
    }

    std::string url(const std::string& target) const { return "http://127.0.0.1:" + std::to_string(port_) + target; }
    std::string tls_url(const std::string& target) const {
        return "https://127.0.0.1:" + std::to_string(tls_port_) + target;
    }
    // A file in the folder.
    std::string path(const std::string& name) const { return (folder_ / name).string(); }
    // The lines of the access log: status, method, Content-Length of the request ("-": none), bytes of the body sent.
    std::vector<std::string> log() const {
        std::ifstream file(path("access.log"));
        std::vector<std::string> lines;
        for (std::string line; std::getline(file, line);) lines.push_back(line);
        return lines;
    }

private:
    bool answers() const {
        try {
            run([](std::uint16_t port) -> Task<void> {
                const Socket socket = co_await Socket::async_connect("127.0.0.1", port);
            }(port_));
            return true;
        } catch (const std::system_error&) {
            return false;
        }
    }
    void make_certificate() const {
        ChildProcess openssl({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                              "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
                              "subjectAltName=IP:127.0.0.1", "-keyout", path("key.pem"), "-out", path("cert.pem")});
        if (!openssl.wait_for(std::chrono::seconds(20)) || openssl.status() != 0)
            throw std::runtime_error("openssl: " + openssl.errors);
    }

    std::filesystem::path folder_;
    const HeldPort held_;
    const HeldPort tls_held_;
    const std::uint16_t port_ = held_.port();
    const std::uint16_t tls_port_ = tls_held_.port();
    std::unique_ptr<ChildProcess> process_;
};

}  // namespace hocket::testing
