// An HTTP server inside the program, on a loop and a thread of its own: the examples need no network.
#pragma once
#include <hocket/aio.hpp>
#include <hocket/http.hpp>

#include <functional>
#include <string>

class LocalServer {
public:
    // `add_routes` tells the server what it answers.
    explicit LocalServer(const std::function<void(hocket::http::Server&)>& add_routes, std::uint16_t port = 0) {
        add_routes(server_);
        thread_.submit(server_.listen("127.0.0.1", port)).result();
    }
    LocalServer(const LocalServer&) = delete;
    LocalServer& operator=(const LocalServer&) = delete;
    ~LocalServer() { thread_.submit(server_.close()).result(); }

    std::string url(const std::string& path = "/") const {
        return "http://127.0.0.1:" + std::to_string(server_.port()) + path;
    }

private:
    hocket::http::Server server_;
    hocket::LoopThread thread_{"server"};
};
