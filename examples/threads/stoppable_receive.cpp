// A thread that waits for data, and can be told to stop meanwhile: at once, without a time limit to poll by. It waits
// for two descriptors, the socket and an eventfd that stop() makes readable.
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <hocket/sync.hpp>
#include <hocket/threading.hpp>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>
#include <system_error>
#include <utility>

namespace hk = hocket;
using namespace std::chrono_literals;

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

class Descriptor {
public:
    explicit Descriptor(int fd, const char* what) : fd_(fd) {
        if (fd < 0) fail(what);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { ::close(fd_); }
    int get() const noexcept { return fd_; }

private:
    int fd_;
};

class Receiver {
public:
    explicit Receiver(int socket) : socket_(socket), thread_({.name = "receiver"}, &Receiver::run, this) {}
    ~Receiver() { stop(); }
    void stop() noexcept { (void)::eventfd_write(stop_.get(), 1); }
    void join() { thread_.join(); }
    // Blocks until at least `size` bytes have come.
    void wait_for(std::size_t size) {
        std::unique_lock guard(came_);
        came_.wait(guard, [&] { return received_.size() >= size; });
    }
    std::string received() {
        std::scoped_lock guard(came_);
        return received_;
    }

private:
    void run() {
        for (;;) {
            pollfd ready[] = {{socket_, POLLIN, 0}, {stop_.get(), POLLIN, 0}};
            if (::poll(ready, 2, -1) < 0) {
                if (errno == EINTR) continue;
                fail("poll");
            }
            if (ready[1].revents != 0) return;
            char buffer[8192];
            const ssize_t size = ::recv(socket_, buffer, sizeof buffer, 0);
            if (size < 0 && errno == EINTR) continue;
            if (size < 0) fail("recv");
            if (size == 0) return;  // the peer has closed
            std::scoped_lock guard(came_);
            received_.append(buffer, static_cast<std::size_t>(size));
            came_.notify_all();
        }
    }
    const int socket_;
    const Descriptor stop_{::eventfd(0, EFD_CLOEXEC), "eventfd"};
    hk::Condition came_;
    std::string received_;
    hk::Thread thread_;  // last: it uses the others
};

int main() {
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) fail("socketpair");
    const Descriptor ours(pair[0], "socketpair"), theirs(pair[1], "socketpair");

    Receiver receiver(ours.get());
    std::size_t sent = 0;
    for (const std::string data : {"one ", "two ", "three"}) {  // it goes on after the first
        (void)::send(theirs.get(), data.data(), data.size(), MSG_NOSIGNAL);
        receiver.wait_for(sent += data.size());
    }
    std::cout << "received: " << receiver.received() << '\n';

    const auto start = std::chrono::steady_clock::now();
    receiver.stop();
    receiver.join();
    std::cout << "stopped " << (std::chrono::steady_clock::now() - start < 1s ? "at once" : "late") << '\n';

    Receiver until_closed(ours.get());
    ::shutdown(theirs.get(), SHUT_WR);
    until_closed.join();
    std::cout << "ended with the connection\n";
}
