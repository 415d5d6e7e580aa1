// A loopback port kept for a test: nobody answers there until a server of the test's own takes it.
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace hocket::testing {

/// A port that is looked for and let go may be given to another test in between. This one stays bound without
/// listening, so that the kernel gives it to nobody, connections are refused, and a server that sets SO_REUSEADDR may
/// listen there.
class HeldPort {
public:
    explicit HeldPort(int type = SOCK_STREAM) : fd_(::socket(AF_INET, type | SOCK_CLOEXEC, 0)) {
        check(fd_, "socket");
        const int on = 1;
        check(::setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), "setsockopt");
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        auto* const generic = reinterpret_cast<sockaddr*>(&address);
        check(::bind(fd_, generic, sizeof address), "bind");
        socklen_t size = sizeof address;
        check(::getsockname(fd_, generic, &size), "getsockname");
        port_ = ntohs(address.sin_port);
        if (type != SOCK_DGRAM) return;
        // Connected to itself it takes no datagrams of others, who are told that nobody is there.
        check(::connect(fd_, generic, size), "connect");
    }
    HeldPort(const HeldPort&) = delete;
    HeldPort& operator=(const HeldPort&) = delete;
    ~HeldPort() { ::close(fd_); }
    std::uint16_t port() const { return port_; }

private:
    static void check(int result, const char* what) {
        if (result < 0) throw std::system_error(errno, std::generic_category(), what);
    }

    int fd_;
    std::uint16_t port_ = 0;
};

}  // namespace hocket::testing
