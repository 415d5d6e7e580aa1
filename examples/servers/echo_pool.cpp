// An echo server whose clients are jobs of a pool: so many are served at the same time, the next ones wait for a place,
// and more than may wait are turned away. A flood of connections costs no more threads than the pool has.
//
//     echo_pool [WORKERS [MAY_WAIT]]        prints the port it listens on; ends with Ctrl-C
#include <hocket/futures.hpp>
#include <hocket/net.hpp>
#include <hocket/threading.hpp>

#include <csignal>
#include <iostream>
#include <memory>
#include <string>
#include <system_error>

#include "../arguments.hpp"

namespace hk = hocket;

void echo(const hk::Socket& socket) {
    char buffer[2048];
    try {
        while (const std::size_t size = socket.recv(buffer)) socket.send({buffer, size});
    } catch (const std::system_error&) {
        // this client is gone, the others are not
    }
}

int main(int argc, char** argv) {
    Arguments arguments(argc, argv, "echo_pool [WORKERS [MAY_WAIT]]");
    const auto workers = arguments.number<std::size_t>("WORKERS", 128, 1, 10'000);
    const auto may_wait = arguments.number<std::size_t>("MAY_WAIT", 128, 1, 1'000'000);
    arguments.end();

    sigset_t ending;
    sigemptyset(&ending);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ending, nullptr);

    hk::ThreadPool pool({.max_workers = workers, .name = "client", .max_pending = may_wait});
    const auto listener = hk::Listener::bind("127.0.0.1", 0);
    std::cout << "listening on port " << listener.port() << '\n' << std::flush;

    std::vector<hk::Future<void>> clients;  // of the acceptor alone
    hk::Thread acceptor([&] {
        for (;;) {
            auto socket = std::make_shared<hk::Socket>(listener.accept());
            std::erase_if(clients, [](const hk::Future<void>& client) { return client.done(); });
            if (auto job = pool.try_submit([socket] { echo(*socket); })) {
                clients.push_back(*job);
            } else {
                socket->send("busy\n");
            }
        }
    });

    int signal = 0;
    sigwait(&ending, &signal);
    acceptor.cancel();
    try {
        acceptor.join();
    } catch (const hk::CancelledError&) {
    }
    for (const hk::Future<void>& client : clients) client.cancel("the server is going");
}
