// What the tests of input and output share: every test runs on both back ends; operations without the sockets above.
#pragma once
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <ctime>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "hocket/aio.hpp"

namespace hocket::test {

using namespace std::chrono_literals;
using detail::Descriptor;
using detail::IoVerb;

/// Throws std::system_error for a negative result of a system call.
inline int checked(long result, const char* what) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
    return static_cast<int>(result);
}

/// Owns a descriptor as a socket does.
class End {
public:
    explicit End(int fd, bool may_be_ready = true) : descriptor_(new Descriptor(fd, may_be_ready)) {}
    End(End&& other) noexcept : descriptor_(std::exchange(other.descriptor_, nullptr)) {}
    End& operator=(End&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }
    ~End() { close(); }
    void close() {
        if (descriptor_) std::exchange(descriptor_, nullptr)->close();
    }
    Descriptor& operator*() const { return *descriptor_; }
    int fd() const { return descriptor_->fd(); }

private:
    Descriptor* descriptor_;
};

/// One operation, awaited as the sockets do it; throws failures, gives the result.
class OperationAwaiter final : public detail::IoOperation {
public:
    using IoOperation::IoOperation;
    bool await_ready() {
        EventLoop& loop = EventLoop::current();
        return loop.spend_budget() && try_now(loop.backend());
    }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> caller) {
        return start(EventLoop::current().backend(), caller.promise());
    }
    std::int64_t await_resume() const {
        if (result() < 0) throw_failure("test");
        return result();
    }
    std::int64_t try_it() { return try_once(EventLoop::current().backend()) ? result() : -EAGAIN; }
};

class Operation {
public:
    Operation(const End& end, IoVerb verb, void* data = nullptr, std::size_t size = 0, int flags = 0)
        : Operation(*end, verb, data, size, flags) {}
    Operation(Descriptor& descriptor, IoVerb verb, void* data = nullptr, std::size_t size = 0, int flags = 0)
        : descriptor_(descriptor), verb_(verb), data_(data), size_(size), flags_(flags) {}
    OperationAwaiter operator co_await() const { return OperationAwaiter(descriptor_, verb_, data_, size_, flags_); }

private:
    Descriptor& descriptor_;
    IoVerb verb_;
    void* data_;
    std::size_t size_;
    int flags_;
};

/// At most `limit` bytes, as soon as there are any; "" at the end.
inline Task<std::string> read(const End& end, std::size_t limit = 100, int flags = 0) {
    std::string data(limit, '\0');
    const std::int64_t size = co_await Operation(end, IoVerb::read, data.data(), data.size(), flags);
    data.resize(static_cast<std::size_t>(size));
    co_return data;
}
inline Operation write(const End& end, std::string_view data) {
    return Operation(end, IoVerb::write, const_cast<char*>(data.data()), data.size());
}
inline Task<End> accept(const End& listener) {
    const std::int64_t fd = co_await Operation(listener, IoVerb::accept);
    co_return End(static_cast<int>(fd));
}
inline Operation connect(const End& end, const sockaddr_in& address) {
    return Operation(end, IoVerb::connect, const_cast<sockaddr_in*>(&address), sizeof address);
}
inline Operation wait_readable(const End& end) { return Operation(end, IoVerb::wait_readable); }
inline Operation wait_writable(const End& end) { return Operation(end, IoVerb::wait_writable); }

inline std::pair<End, End> unix_pair(int type = SOCK_STREAM) {
    int fds[2];
    checked(::socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), "socketpair");
    return {End(fds[0]), End(fds[1])};
}
inline End tcp_socket() {
    return End(checked(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket"), false);
}
inline End tcp_listener(int backlog = 100) {
    End listener = tcp_socket();
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    checked(::bind(listener.fd(), reinterpret_cast<sockaddr*>(&any), sizeof any), "bind");
    checked(::listen(listener.fd(), backlog), "listen");
    return listener;
}
inline sockaddr_in address_of(const End& socket) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    checked(::getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
    return address;
}
/// A connection over loopback: the connecting end, then the accepted one.
inline Task<std::pair<End, End>> tcp_pair() {
    const End listener = tcp_listener();
    const sockaddr_in address = address_of(listener);
    End client = tcp_socket();
    co_await connect(client, address);
    End server = co_await accept(listener);
    co_return std::pair<End, End>(std::move(client), std::move(server));
}
/// By plain system call, which must not block.
inline void send_now(const End& end, std::string_view data, int flags = 0) {
    checked(::send(end.fd(), data.data(), data.size(), flags | MSG_NOSIGNAL), "send");
}
/// Sends until there is no room left; how many bytes that were.
inline std::size_t fill(const End& end) {
    const std::string block(65536, 'x');
    std::size_t sent = 0;
    ssize_t now = 0;
    while ((now = ::send(end.fd(), block.data(), block.size(), MSG_DONTWAIT | MSG_NOSIGNAL)) > 0) sent += now;
    return sent;
}

/// The processor time that this thread has used.
inline Duration thread_time() {
    timespec time{};
    checked(::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time), "clock_gettime");
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

/// The parameter of each test is the back end.
class OnBothBackends : public ::testing::TestWithParam<Io> {
protected:
    void SetUp() override {
        if (GetParam() == Io::epoll) return;
        try {
            detail::make_io_uring_backend();
        } catch (const std::exception& error) {
            GTEST_SKIP() << "NOT TESTED: " << error.what();
        }
    }
    LoopOptions options() const {
        LoopOptions options;
        options.io = GetParam();
        return options;
    }
    /// Runs `body()`, a coroutine, on a new loop; throws TimeoutError when it hangs.
    template <class Body>
    void run(Body body) {
        hocket::run(timeout(30s, body()), options());
    }
};

inline std::string backend_name(const ::testing::TestParamInfo<Io>& info) {
    return info.param == Io::epoll ? "epoll" : "io_uring";
}
#define HOCKET_ON_BOTH_BACKENDS(suite) \
    INSTANTIATE_TEST_SUITE_P(Backends, suite, ::testing::Values(Io::epoll, Io::io_uring), backend_name)

}  // namespace hocket::test
