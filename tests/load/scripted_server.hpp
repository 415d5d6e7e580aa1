// A server that answers as a test's script says, right or wrong.
#pragma once
#include <functional>
#include <future>
#include <string>
#include <thread>
#include <utility>

#include "hocket/net.hpp"

namespace hocket::testing {

// Runs `script(socket)` for each connection, on an event loop in a thread of its own, until it is destroyed.
class ScriptedServer {
public:
    using Script = std::function<Task<void>(Socket&)>;

    explicit ScriptedServer(Script script) : script_(std::move(script)) {
        std::promise<void> ready;
        auto is_ready = ready.get_future();
        thread_ = std::thread([this, &ready] {
            EventLoop loop;
            auto serving = serve(ready);
            try {
                loop.run_until_complete(std::move(serving));
            } catch (const CancelledError&) {
                // the way it ends
            }
        });
        is_ready.get();
    }
    ~ScriptedServer() {
        serving_.cancel();
        thread_.join();
    }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }
    std::uint16_t port() const { return port_; }

    // Reads one request head, which must have no body; false at the end of the stream.
    static Task<bool> read_request(Socket& socket) {
        std::string text;
        char buffer[4096];
        while (text.find("\r\n\r\n") == std::string::npos) {
            const std::size_t size = co_await socket.async_recv(buffer);
            if (size == 0) co_return false;
            text.append(buffer, size);
        }
        co_return true;
    }

private:
    Task<void> serve(std::promise<void>& ready) {
        Listener listener = Listener::bind("127.0.0.1", 0);
        port_ = listener.port();
        serving_ = create_task(accept_all(std::move(listener)));
        ready.set_value();
        co_await serving_;
    }
    Task<void> accept_all(Listener listener) {
        co_await task_group([&](TaskGroup& group) { return accept_into(group, listener); });
    }
    Task<void> accept_into(TaskGroup& group, Listener& listener) {
        for (;;) {
            Socket socket = co_await listener.async_accept();
            group.create_task(handle(std::move(socket)));
        }
    }
    Task<void> handle(Socket socket) {
        try {
            co_await script_(socket);
        } catch (const std::system_error&) {
            // the client has gone
        }
    }

    Script script_;
    std::uint16_t port_ = 0;
    Future<void> serving_;
    std::thread thread_;
};

}  // namespace hocket::testing
