// [program]
#include <hocket/aio.hpp>
#include <hocket/net.hpp>

#include <chrono>
#include <iostream>

namespace hk = hocket;
using namespace std::chrono_literals;

hk::Task<void> serve_one(hk::Listener& listener) {
    hk::Socket client = co_await listener.async_accept();
    char text[64];
    const std::size_t size = co_await client.async_recv(text);
    co_await client.async_send(std::string_view(text, size));
}

hk::Task<std::string> ask(std::uint16_t port, std::string question) {
    hk::Socket socket = co_await hk::Socket::async_connect("localhost", port);
    co_await socket.async_send(question);
    char answer[64];
    const std::size_t size = co_await socket.async_recv(answer);
    co_return std::string(answer, size);
}

hk::Task<void> hello() {
    hk::Listener listener = hk::Listener::bind("localhost", 0);
    auto [nothing, answer] = co_await hk::gather(serve_one(listener), hk::timeout(1s, ask(listener.port(), "hello")));
    std::cout << answer << '\n';
}

int main() { hk::run(hello()); }
// [program]
