// An echo server with a thread for each client. Ctrl-C (or SIGTERM) ends it well: every client is told, every thread
// joined.
//
//     echo_threads [PORT]        prints the port it listens on
#include <hocket/net.hpp>
#include <hocket/sync.hpp>
#include <hocket/threading.hpp>

#include <sys/socket.h>

#include <csignal>
#include <iostream>
#include <list>
#include <string>
#include <system_error>

#include "../arguments.hpp"

namespace hk = hocket;

// One client and its thread, which the destructor cancels and joins.
class Client {
public:
    explicit Client(hk::Socket socket) : socket_(std::move(socket)), thread_([this] { echo(); }) {}
    bool gone() const { return !thread_.is_alive(); }

private:
    void echo() {
        char buffer[2048];
        try {
            while (const std::size_t size = socket_.recv(buffer)) socket_.send({buffer, size});
            std::cout << "a client has left\n" << std::flush;
        } catch (const std::system_error& error) {
            std::cout << "a client was lost: " << error.code().message() << '\n' << std::flush;
        } catch (const hk::CancelledError&) {
            say_goodbye();
        }
        socket_.close();
    }
    // A client that does not read must not hold up the end: if it does not fit at once, it is left unsaid.
    void say_goodbye() {
        const std::string_view text = "Shutting down!\n";
        (void)::send(socket_.fileno(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    }

    hk::Socket socket_;
    hk::Thread thread_;
};

void serve(const hk::Listener& listener) {
    std::list<Client> clients;
    for (;;) {
        hk::Socket socket = listener.accept();  // ended by cancellation; then the clients go
        clients.remove_if([](const Client& client) { return client.gone(); });
        clients.emplace_back(std::move(socket));
    }
}

int main(int argc, char** argv) {
    Arguments arguments(argc, argv, "echo_threads [PORT]");
    const auto port = arguments.number<std::uint16_t>("PORT", 0, 0, 65'535);
    arguments.end();

    sigset_t ending;
    sigemptyset(&ending);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ending, nullptr);  // before there are threads: main waits for them

    const auto listener = hk::Listener::bind("127.0.0.1", port);
    std::cout << "listening on port " << listener.port() << '\n' << std::flush;
    hk::Thread acceptor({.name = "acceptor"}, serve, std::cref(listener));

    int signal = 0;
    sigwait(&ending, &signal);
    acceptor.cancel("shutting down");
    try {
        acceptor.join();
    } catch (const hk::CancelledError& end) {
        std::cout << end.message() << '\n';
    }
}
