// Three documents of different length and a missing one, fetched at the same time by one task that reads whatever is
// there. Bodies come in pieces, and are whole only at their end.
#include <hocket/http.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <vector>

#include "../local_server.hpp"
#include "read_as_it_comes.hpp"

namespace hk = hocket;
namespace http = hocket::http;
using namespace std::chrono_literals;

hk::AsyncGenerator<std::string> pieces(std::size_t bytes) {
    constexpr std::size_t kPiece = 4000;
    for (std::size_t sent = 0; sent < bytes; sent += kPiece) {
        co_await hk::sleep(1ms);
        std::string piece(std::min(kPiece, bytes - sent), 'x');
        co_yield std::move(piece);
    }
}

hk::Task<http::Response> document(const http::Request& request) {
    const std::string bytes = request.query("bytes").value_or("0");
    co_return http::Response::stream(200, pieces(std::stoul(bytes)), "text/plain");
}

void show(const std::vector<Connection*>& ready) {
    std::cout << ready.size() << " socket(s) ready\n";
    for (const Connection* connection : ready) {
        std::cout << "Reading from " << connection->url.substr(connection->url.rfind('/')) << '\n';
        if (connection->error) {
            std::cout << hk::describe(connection->error) << '\n';
        } else if (connection->at_end) {
            std::cout << "Done: status " << connection->response->status() << ", " << connection->body.size()
                      << " bytes\n";
        } else {
            std::cout << "Got " << connection->got << " bytes\n";
        }
    }
}

hk::Task<void> fetch(const LocalServer& server) {
    http::Client client;
    std::vector<Connection> connections;
    for (const char* path : {"/document?bytes=27520", "/document?bytes=3707", "/document?bytes=2255", "/missing"})
        connections.emplace_back(server.url(path), http::Options());
    co_await read_as_it_comes(client, connections, show);
}

int main() {
    const LocalServer server([](http::Server& routes) { routes.get("/document", document); });
    hk::run(fetch(server));
}
