// The snippets of docs/sockets.md.
#include <hocket/net.hpp>
#include <hocket/threading.hpp>

#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <string>

namespace hk = hocket;
using namespace std::chrono_literals;

// [echo]
hk::Task<void> echo(hk::Socket client) {
    char buffer[4096];
    while (const std::size_t size = co_await client.async_recv(buffer)) {  // 0: the peer has ended its side
        co_await client.async_send(std::string_view(buffer, size));        // waits while the peer does not read
    }
}

hk::Task<void> echo_server(hk::Listener& listener) {
    co_await hk::task_group([&](hk::TaskGroup& clients) -> hk::Task<void> {
        for (;;) {
            hk::Socket client = co_await listener.async_accept();
            clients.create_task(echo(std::move(client)));
        }
    });
}
// [echo]

// [client]
hk::Task<std::string> ask(hk::Address address, std::string text) {
    hk::Socket socket = co_await hk::Socket::async_connect(address);
    co_await socket.async_send(text);
    socket.shutdown_send();
    std::string answer;
    char buffer[4096];
    while (const std::size_t size = co_await socket.async_recv(buffer)) answer.append(buffer, size);
    co_return answer;
}
// [client]

hk::Task<void> both_families() {
    // [errors]
    try {
        hk::Socket socket = co_await hk::timeout(5s, hk::Socket::async_connect("localhost", 1));
    } catch (const hk::ResolveError& error) {
        std::cout << "no such host: " << error.what() << '\n';
    } catch (const std::system_error& error) {  // connection refused, network unreachable, …
        std::cout << error.what() << '\n';
    } catch (const hk::TimeoutError& error) {
        std::cout << error.what() << '\n';
    }
    // [errors]
}

hk::Task<bool> all() {
    hk::Listener tcp = hk::Listener::bind("localhost", 0);
    const std::string path = std::filesystem::temp_directory_path() / ("hocket-snippet-" + std::to_string(::getpid()));
    std::filesystem::remove(path);
    hk::Listener local = hk::Listener::bind(hk::Address::unix_path(path));
    hk::Future<void> servers[] = {hk::create_task(echo_server(tcp)), hk::create_task(echo_server(local))};
    auto [by_tcp, by_path] =
        co_await hk::gather(ask(tcp.local_address(), "hello"), ask(hk::Address::unix_path(path), "hello"));
    for (auto& server : servers) server.cancel();
    co_await hk::async_wait(servers);  // they use the listeners until they have ended
    co_await both_families();
    std::filesystem::remove(path);
    co_return by_tcp == "hello" && by_path == "hello";
}

std::string ask_a_thread() {
    const hk::Listener listener = hk::Listener::bind("localhost", 0);
    // [blocking]
    hk::Thread server([&] {
        const hk::Socket client = listener.accept();
        char buffer[4096];
        while (const std::size_t size = client.recv(buffer)) client.send({buffer, size});
    });
    // [blocking]
    std::string answer = hk::run(ask(listener.local_address(), "hello"));
    server.join();
    return answer;
}

int main() { return hk::run(all()) && ask_a_thread() == "hello" ? 0 : 1; }
