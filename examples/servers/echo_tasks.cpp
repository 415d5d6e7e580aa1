// An echo server whose clients are tasks: any number of them on one thread, each line answered by "GOT:" and the line.
// Ctrl-C (or SIGTERM) closes it: no new clients, every handler ended and awaited.
//
//     echo_tasks [PORT]        prints the port it listens on
#include <hocket/net.hpp>

#include <csignal>
#include <iostream>
#include <string>
#include <system_error>

#include "../arguments.hpp"

namespace hk = hocket;

hk::Task<void> answer_lines(hk::Stream client) {
    try {
        while (const auto line = co_await client.read_line()) {
            const std::string answer = "GOT:" + *line + "\n";
            co_await client.write(answer);  // all of it, however slowly the client reads
        }
    } catch (const std::system_error&) {
        // this client has gone, the others have not
    }
}

hk::Task<void> serve(std::uint16_t port) {
    hk::Signals ending = hk::signals({SIGINT, SIGTERM});
    hk::Server server = co_await hk::start_server("127.0.0.1", port, answer_lines);
    std::cout << "listening on port " << server.port() << '\n' << std::flush;
    co_await ending.next();
    std::cout << "closing, with " << server.connections() << " clients\n" << std::flush;
    co_await server.close();
    std::cout << "closed\n";
}

int main(int argc, char** argv) {
    Arguments arguments(argc, argv, "echo_tasks [PORT]");
    const auto port = arguments.number<std::uint16_t>("PORT", 0, 0, 65'535);
    arguments.end();
    hk::run(serve(port));
}
