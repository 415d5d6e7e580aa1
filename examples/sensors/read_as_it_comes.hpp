// Many responses read by one task as they come, the way one reads sockets with select().
#pragma once
#include <hocket/aio.hpp>
#include <hocket/http.hpp>

#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// A request, what has come of its response, and what went wrong.
class Connection {
public:
    Connection(std::string url, hocket::http::Options options) : url(std::move(url)), options(std::move(options)) {}
    std::string url;
    hocket::http::Options options;
    std::optional<hocket::http::ResponseStream> response;
    std::string body;
    std::size_t got = 0;  // bytes, at last
    bool at_end = false;
    std::exception_ptr error;
};

// The next piece of the body; the first time after the head of the response.
inline hocket::Task<Connection*> read_some(hocket::http::Client& client, Connection& connection) {
    try {
        if (!connection.response) {
            auto response = co_await client.stream("GET", connection.url, hocket::http::Body(), connection.options);
            connection.response.emplace(std::move(response));
        }
        const std::string piece = co_await connection.response->read();
        connection.body += piece;
        connection.got = piece.size();
        connection.at_end = piece.empty();
    } catch (const std::exception&) {
        connection.error = std::current_exception();
        connection.at_end = true;
    }
    co_return &connection;
}

// Reads all to their ends. Calls `on_ready(ready)` with the connections that have got something, or have come to their
// end, each time that there are some.
template <class OnReady>
hocket::Task<void> read_as_it_comes(hocket::http::Client& client, std::vector<Connection>& connections,
                                    OnReady on_ready) {
    std::vector<hocket::Future<Connection*>> reads;
    for (Connection& connection : connections) reads.push_back(hocket::create_task(read_some(client, connection)));
    while (!reads.empty()) {
        auto select = hocket::async_wait(reads, hocket::FIRST_COMPLETED);
        auto selected = co_await std::move(select);
        reads = std::move(selected.pending);
        std::vector<Connection*> ready;
        for (const auto& read : selected.done) ready.push_back(read.result());
        on_ready(std::as_const(ready));
        for (Connection* connection : ready) {
            if (!connection->at_end) reads.push_back(hocket::create_task(read_some(client, *connection)));
        }
    }
}
