// The ceiling of load generation: an epoll client with a fixed request that looks for nothing but the end of a response
// of known length. `bench/load_vs_peers` sets it beside real tools; it is none: it checks nothing and measures nothing.
//
//     bare_client PORT CONNECTIONS SECONDS     prints the number of responses
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::string_view kRequest = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
constexpr int kEvents = 512;

[[noreturn]] void give_up(const char* what) {
    std::perror(what);
    std::exit(1);
}

int connect_to(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) give_up("connect");
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

void send_request(int fd) {
    if (::send(fd, kRequest.data(), kRequest.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(kRequest.size()))
        give_up("send");
}

// The length of a response, by the first one.
std::size_t learn_length(int fd) {
    send_request(fd);
    std::string text;
    std::array<char, 4096> buffer;
    for (;;) {
        const ssize_t size = ::recv(fd, buffer.data(), buffer.size(), 0);
        if (size <= 0) give_up("recv");
        text.append(buffer.data(), static_cast<std::size_t>(size));
        const std::size_t head = text.find("\r\n\r\n");
        const std::size_t field = text.find("Content-Length: ");
        if (head == std::string::npos || field == std::string::npos) continue;
        const std::size_t whole = head + 4 + std::stoul(text.substr(field + 16));
        if (text.size() >= whole) return whole;
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) return std::fprintf(stderr, "bare_client PORT CONNECTIONS SECONDS\n"), 2;
    const auto port = static_cast<std::uint16_t>(std::stoul(argv[1]));
    const std::size_t connections = std::stoul(argv[2]);
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(std::stoul(argv[3]));

    const int poller = ::epoll_create1(0);
    std::size_t length = 0;
    for (std::size_t i = 0; i < connections; ++i) {
        const int fd = connect_to(port);
        if (i == 0) length = learn_length(fd);
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.fd = fd;
        if (::epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) != 0) give_up("epoll_ctl");
        send_request(fd);
    }
    std::vector<std::size_t> missing(connections + 64, length);  // by descriptor
    std::array<epoll_event, kEvents> events;
    std::array<char, 65536> buffer;
    unsigned long responses = 0;
    while (std::chrono::steady_clock::now() < until) {
        const int ready = ::epoll_wait(poller, events.data(), kEvents, 1000);
        for (int i = 0; i < ready; ++i) {
            const int fd = events[static_cast<std::size_t>(i)].data.fd;
            if (missing.size() <= static_cast<std::size_t>(fd))
                missing.resize(static_cast<std::size_t>(fd) + 1, length);
            std::size_t& left = missing[static_cast<std::size_t>(fd)];
            const ssize_t size = ::recv(fd, buffer.data(), buffer.size(), 0);
            if (size <= 0 || static_cast<std::size_t>(size) > left) give_up("recv");
            left -= static_cast<std::size_t>(size);
            if (left > 0) continue;
            left = length;
            ++responses;
            send_request(fd);
        }
    }
    std::printf("%lu\n", responses);
}
