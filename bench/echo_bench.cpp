// TCP echo of 64 bytes over loopback: what one request costs the server's thread.
//
// The server runs on a thread of its own on processor 0; the benchmark's thread, on processor 1, keeps every connection
// busy with one request at a time (epoll, two system calls per request). The benchmark's time, "each", is the processor
// time of the server's thread per request; "rate" is the number of requests in a second of real time.

#include <benchmark/benchmark.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <asio.hpp>
#include <atomic>
#include <chrono>
#include <cstring>
#include <hocket/aio.hpp>
#include <hocket/net.hpp>
#include <latch>
#include <system_error>
#include <thread>
#include <vector>

#include "figures.hpp"

namespace {

namespace hk = hocket;
using hk::bench::expect;
using hk::bench::processor_time;
using hk::bench::report_each;

constexpr std::size_t kMessage = 64;
constexpr std::uint64_t kRequests = 50'000;  // in one iteration

int checked(int result, const char* what) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
    return result;
}

void stay_on(unsigned processor) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor % std::max(1u, std::thread::hardware_concurrency()), &set);
    pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

// ---- the load

class Load {
public:
    Load(std::uint16_t port, std::size_t connections) : epoll_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll")) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        for (std::size_t i = 0; i < connections; ++i) {
            const int fd = checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
            sockets_.push_back(fd);
            checked(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), "connect");
            const int one = 1;
            checked(::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one), "setsockopt");
            epoll_event event{};
            event.events = EPOLLIN;
            event.data.fd = fd;
            checked(::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
        }
    }
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;
    ~Load() {
        for (int fd : sockets_) ::close(fd);
        ::close(epoll_);
    }

    // Sends `requests` (all connections at work), and returns how many answers came.
    std::uint64_t run(std::uint64_t requests) {
        char message[kMessage];
        std::memset(message, 'x', sizeof message);
        std::uint64_t sent = 0;
        std::uint64_t answered = 0;
        const auto send_one = [&](int fd) {
            if (sent == requests) return;
            if (::send(fd, message, sizeof message, MSG_NOSIGNAL) == sizeof message) ++sent;
        };
        for (int fd : sockets_) send_one(fd);
        epoll_event events[256];
        while (answered < sent) {
            const int count = ::epoll_wait(epoll_, events, 256, 5'000);
            if (count == 0) break;  // stalled: the count tells
            for (int i = 0; i < count; ++i) {
                char answer[4096];
                if (::recv(events[i].data.fd, answer, sizeof answer, 0) != kMessage) return 0;
                ++answered;
                send_one(events[i].data.fd);
            }
        }
        return answered;
    }

private:
    int epoll_;
    std::vector<int> sockets_;
};

// ---- the servers: each constructor listens, run() serves until stop(), which another thread calls

class RawServer {
public:
    RawServer() : epoll_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll")) {
        listener_ = checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        checked(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), length), "bind");
        checked(::listen(listener_, 4096), "listen");
        checked(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length), "getsockname");
        port_ = ntohs(address.sin_port);
        watch(listener_);
    }
    RawServer(const RawServer&) = delete;
    RawServer& operator=(const RawServer&) = delete;
    ~RawServer() {
        ::close(listener_);
        ::close(epoll_);
    }
    std::uint16_t port() const { return port_; }
    void run() {
        epoll_event events[256];
        char buffer[4096];
        while (!stopped_) {
            const int count = ::epoll_wait(epoll_, events, 256, 100);
            for (int i = 0; i < count; ++i) {
                const int fd = events[i].data.fd;
                if (fd == listener_) {
                    watch(checked(::accept4(fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC), "accept"));
                    continue;
                }
                const ssize_t size = ::recv(fd, buffer, sizeof buffer, 0);
                if (size <= 0) {
                    ::close(fd);
                } else {
                    checked(static_cast<int>(::send(fd, buffer, static_cast<std::size_t>(size), MSG_NOSIGNAL)), "send");
                }
            }
        }
    }
    void stop() { stopped_ = true; }

private:
    void watch(int fd) {
        if (fd != listener_) {
            const int one = 1;
            checked(::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one), "setsockopt");
        }
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.fd = fd;
        checked(::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
    }
    int epoll_;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<bool> stopped_{false};
};

class AsioServer {
public:
    AsioServer() : acceptor_(context_, {asio::ip::address_v4::loopback(), 0}) {
        asio::co_spawn(context_, accept(), asio::detached);
    }
    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    void run() { context_.run(); }
    void stop() { context_.stop(); }

private:
    // Sockets that know the type of their executor: the faster of Asio's two forms.
    using Tcp = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;
    template <class T>
    using Awaitable = asio::awaitable<T, asio::io_context::executor_type>;
    static constexpr asio::use_awaitable_t<asio::io_context::executor_type> use_awaitable{};

    static Awaitable<void> echo(Tcp socket) {
        char buffer[4096];
        for (;;) {
            const std::size_t size = co_await socket.async_read_some(asio::buffer(buffer), use_awaitable);
            co_await asio::async_write(socket, asio::buffer(buffer, size), use_awaitable);
        }
    }
    Awaitable<void> accept() {
        for (;;) {
            Tcp socket = co_await acceptor_.async_accept(use_awaitable);
            socket.set_option(asio::ip::tcp::no_delay(true));
            asio::co_spawn(context_, echo(std::move(socket)), asio::detached);
        }
    }
    asio::io_context context_{1};
    asio::basic_socket_acceptor<asio::ip::tcp, asio::io_context::executor_type> acceptor_;
};

template <hk::Io io>
class HocketServer {
public:
    HocketServer() : loop_(options()), listener_(hk::Listener::bind("127.0.0.1", 0)) {}
    std::uint16_t port() const { return listener_.port(); }
    void run() { loop_.run_until_complete(serve()); }
    void stop() {
        loop_.call_soon_threadsafe([this] { stopped_.set_result(); });
    }

private:
    static hk::LoopOptions options() {
        hk::LoopOptions options;
        options.io = io;
        return options;
    }
    static hk::Task<void> echo(hk::Socket socket) {
        char buffer[4096];
        for (;;) {
            const std::size_t size = co_await socket.async_recv(buffer);
            if (size == 0) co_return;
            co_await socket.async_send(std::string_view(buffer, size));
        }
    }
    hk::Task<void> accept(hk::TaskGroup& group) {
        for (;;) {
            hk::Socket socket = co_await listener_.async_accept();
            group.create_task(echo(std::move(socket)));
        }
    }
    hk::Task<void> serve() {
        auto body = [this](hk::TaskGroup& group) -> hk::Task<void> {
            group.create_task(accept(group));
            const hk::Future<void> end = stopped_.future();
            co_await end;
            group.cancel();
        };
        co_await hk::task_group(body);
    }
    hk::EventLoop loop_;
    hk::Listener listener_;
    hk::Promise<void> stopped_;
};

// ---- one benchmark for all

template <class Server>
void echo(benchmark::State& state) {
    std::unique_ptr<Server> server;
    try {
        server = std::make_unique<Server>();
    } catch (const std::exception& error) {
        return state.SkipWithError(error.what());
    }
    clockid_t server_clock{};
    std::latch started(1);
    std::thread thread([&] {
        stay_on(0);
        pthread_getcpuclockid(pthread_self(), &server_clock);
        started.count_down();
        server->run();
    });
    started.wait();
    // On a thread of its own, too, so that this one stays where it was.
    std::thread([&] {
        stay_on(1);
        Load load(server->port(), static_cast<std::size_t>(state.range(0)));
        expect(state, load.run(kRequests), kRequests);  // warms up
        const auto begin = std::chrono::steady_clock::now();
        for (auto _ : state) {
            const double before = processor_time(server_clock);
            expect(state, load.run(kRequests), kRequests);
            state.SetIterationTime(processor_time(server_clock) - before);
        }
        const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begin;
        state.counters["rate"] = static_cast<double>(state.iterations()) * kRequests / passed.count();
    }).join();
    report_each(state, kRequests);
    server->stop();
    thread.join();
}

const auto connections = [](benchmark::internal::Benchmark* benchmark) {
    benchmark->ArgName("connections")->Arg(50)->Arg(500)->UseManualTime()->Unit(benchmark::kMillisecond);
};
BENCHMARK_TEMPLATE(echo, RawServer)->Apply(connections);
BENCHMARK_TEMPLATE(echo, AsioServer)->Apply(connections);
BENCHMARK_TEMPLATE(echo, HocketServer<hk::Io::epoll>)->Apply(connections);
BENCHMARK_TEMPLATE(echo, HocketServer<hk::Io::io_uring>)->Apply(connections);

}  // namespace
