// What the benchmarks of servers share: the load, a bare epoll server, and how a server's processor time is measured.
//
// The server runs on processor 0, on a thread or in a process of its own; the benchmark's thread, on processor 1, keeps
// every connection busy with one request at a time (epoll, two system calls per request). The benchmark's time, "each",
// is the processor time of the server per request; "rate" is the number of requests in a second of real time.
#pragma once
#include <benchmark/benchmark.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include "figures.hpp"
#include "hocket/aio.hpp"
#include "hocket/net.hpp"

namespace hocket::bench {

constexpr std::uint64_t kRequests = 50'000;  // in one iteration

inline int checked(int result, const char* what) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
    return result;
}

inline void stay_on(unsigned processor) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor % std::max(1u, std::thread::hardware_concurrency()), &set);
    ::sched_setaffinity(0, sizeof set, &set);
}

inline sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

inline int connect_to(std::uint16_t port) {
    const sockaddr_in address = loopback(port);
    const int fd = checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    checked(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), "connect");
    const int one = 1;
    checked(::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one), "setsockopt");
    return fd;
}

inline void watch(int epoll, int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    checked(::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
}

/// Connections that all ask the same. Every answer must have the size of the first, as a server's answers do that
/// counts nothing in them.
class Load {
public:
    Load(std::uint16_t port, std::size_t connections, std::string request)
        : epoll_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll")), request_(std::move(request)) {
        for (std::size_t i = 0; i < connections; ++i) {
            sockets_.push_back(connect_to(port));
            watch(epoll_, sockets_.back());
        }
        left_.resize(static_cast<std::size_t>(*std::max_element(sockets_.begin(), sockets_.end())) + 1);
        answer_ = size_of_first_answer();
    }
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;
    ~Load() {
        for (int fd : sockets_) ::close(fd);
        ::close(epoll_);
    }

    // Sends `requests` (all connections at work), and returns how many answers came.
    std::uint64_t run(std::uint64_t requests) {
        std::uint64_t sent = 0;
        std::uint64_t answered = 0;
        const auto send_one = [&](int fd) {
            if (sent == requests) return;
            left_[static_cast<std::size_t>(fd)] = answer_;
            const ssize_t size = ::send(fd, request_.data(), request_.size(), MSG_NOSIGNAL);
            if (size == static_cast<ssize_t>(request_.size())) ++sent;
        };
        for (int fd : sockets_) send_one(fd);
        epoll_event events[256];
        while (answered < sent) {
            const int count = ::epoll_wait(epoll_, events, 256, 5'000);
            if (count == 0) break;  // stalled: the count tells
            for (int i = 0; i < count; ++i) {
                const int fd = events[i].data.fd;
                std::size_t& left = left_[static_cast<std::size_t>(fd)];
                char answer[4096];
                const ssize_t size = ::recv(fd, answer, sizeof answer, 0);
                if (size <= 0 || static_cast<std::size_t>(size) > left) return 0;
                left -= static_cast<std::size_t>(size);
                if (left > 0) continue;
                ++answered;
                send_one(fd);
            }
        }
        return answered;
    }

private:
    // Complete when nothing has followed it for a while.
    std::size_t size_of_first_answer() const {
        const int fd = sockets_.front();
        checked(static_cast<int>(::send(fd, request_.data(), request_.size(), MSG_NOSIGNAL)), "send");
        std::size_t total = 0;
        pollfd entry{fd, POLLIN, 0};
        while (::poll(&entry, 1, total == 0 ? 5'000 : 100) > 0) {
            char answer[4096];
            const ssize_t size = ::recv(fd, answer, sizeof answer, 0);
            if (size <= 0) break;
            total += static_cast<std::size_t>(size);
        }
        return total;
    }
    int epoll_;
    std::string request_;
    std::size_t answer_ = 0;
    std::vector<int> sockets_;
    std::vector<std::size_t> left_;  // of the answer, by descriptor
};

/// The ceiling: an epoll loop that answers whatever comes by `Answer::to(bytes)`, without a thought for parts.
template <class Answer>
class RawServer {
public:
    RawServer() : epoll_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll")) {
        listener_ = checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
        sockaddr_in address = loopback(0);
        socklen_t length = sizeof address;
        checked(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), length), "bind");
        checked(::listen(listener_, 4096), "listen");
        checked(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length), "getsockname");
        port_ = ntohs(address.sin_port);
        watch(epoll_, listener_);
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
                    accept();
                    continue;
                }
                const ssize_t size = ::recv(fd, buffer, sizeof buffer, 0);
                if (size <= 0) {
                    ::close(fd);
                } else {
                    const std::string_view answer = Answer::to({buffer, static_cast<std::size_t>(size)});
                    checked(static_cast<int>(::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL)), "send");
                }
            }
        }
    }
    void stop() { stopped_ = true; }

private:
    void accept() {
        const int fd = checked(::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC), "accept");
        const int one = 1;
        checked(::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one), "setsockopt");
        watch(epoll_, fd);
    }
    int epoll_;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<bool> stopped_{false};
};

/// Measures `server` by `clock`, its processor's time, under a load from a thread of its own.
inline void measure(benchmark::State& state, std::uint16_t port, clockid_t clock, const std::string& request) {
    std::thread([&] {
        stay_on(1);
        Load load(port, static_cast<std::size_t>(state.range(0)), request);
        expect(state, load.run(kRequests), kRequests);  // warms up
        const auto begin = std::chrono::steady_clock::now();
        for (auto _ : state) {
            const double before = processor_time(clock);
            expect(state, load.run(kRequests), kRequests);
            state.SetIterationTime(processor_time(clock) - before);
        }
        const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begin;
        state.counters["rate"] = static_cast<double>(state.iterations()) * kRequests / passed.count();
    }).join();
    report_each(state, kRequests);
}

/// A server whose constructor listens and whose run() serves until stop(), which another thread calls.
template <class Server>
void measure_thread(benchmark::State& state, const std::string& request) {
    std::unique_ptr<Server> server;
    try {
        server = std::make_unique<Server>();
    } catch (const std::exception& error) {
        return state.SkipWithError(error.what());
    }
    clockid_t clock{};
    std::latch started(1);
    std::thread thread([&] {
        stay_on(0);
        pthread_getcpuclockid(pthread_self(), &clock);
        started.count_down();
        server->run();
    });
    started.wait();
    measure(state, server->port(), clock, request);
    server->stop();
    thread.join();
}

/// A server in another program, which writes the port on which it listens as its first line.
inline void measure_process(benchmark::State& state, const std::vector<std::string>& command,
                            const std::string& request) {
    int out[2];
    checked(::pipe2(out, O_CLOEXEC), "pipe");
    std::vector<char*> arguments;
    for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    const pid_t child = checked(::fork(), "fork");
    if (child == 0) {
        stay_on(0);
        ::dup2(out[1], 1);
        ::execvp(arguments[0], arguments.data());
        ::_exit(127);
    }
    ::close(out[1]);
    FILE* const lines = ::fdopen(out[0], "r");
    unsigned port = 0;
    clockid_t clock{};
    if (std::fscanf(lines, "%u", &port) == 1 && ::clock_getcpuclockid(child, &clock) == 0) {
        measure(state, static_cast<std::uint16_t>(port), clock, request);
    } else {
        state.SkipWithError("it does not start: is it installed?");
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    std::fclose(lines);
}

/// A Python server by a protocol, asyncio's fastest way: `kind` and `loop` as python_server.py has them.
inline void measure_python(benchmark::State& state, const char* kind, const char* loop, const std::string& request) {
    const std::string script = HOCKET_BENCH_FOLDER "/python_server.py";
    measure_process(state, {"/usr/bin/python3", script, kind, loop}, request);
}

/// The loop of a server of ours, and how another thread ends it.
template <Io io>
class ServerLoop {
public:
    ServerLoop() : loop(options()) {}
    void stop() {
        loop.call_soon_threadsafe([this] { stopped_.set_result(); });
    }

protected:
    Task<void> stopped() {
        const Future<void> end = stopped_.future();
        co_await end;
    }
    EventLoop loop;

private:
    static LoopOptions options() {
        LoopOptions options;
        options.io = io;
        return options;
    }
    Promise<void> stopped_;
};

inline double resident_bytes() {
    FILE* const file = std::fopen("/proc/self/statm", "r");
    unsigned long pages = 0;
    const int found = file ? std::fscanf(file, "%*u %lu", &pages) : 0;
    if (file) std::fclose(file);
    if (found != 1) throw std::runtime_error("/proc/self/statm cannot be read");
    return static_cast<double>(pages) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

/// What one of many idle connections takes of this process's memory, in bytes: `ends` of them to `port`, where a server
/// runs on another thread, are opened, each asks once and is answered, and then they are silent. Right only in a fresh
/// process, which has no freed memory to reuse: one benchmark at a time.
inline double bytes_per_connection(std::uint16_t port, std::size_t ends, const std::string& request) {
    std::vector<int> sockets;
    sockets.reserve(ends);
    const auto ask = [&](int fd) {
        checked(static_cast<int>(::send(fd, request.data(), request.size(), MSG_NOSIGNAL)), "send");
        char answer[4096];
        checked(static_cast<int>(::recv(fd, answer, sizeof answer, 0)), "receive");
    };
    for (int i = 0; i < 100; ++i) {  // what the server needs once
        sockets.push_back(connect_to(port));
        ask(sockets.back());
    }
    const double before = resident_bytes();
    while (sockets.size() < ends + 100) {
        sockets.push_back(connect_to(port));
        ask(sockets.back());
    }
    const double after = resident_bytes();
    for (const int fd : sockets) ::close(fd);
    return (after - before) / static_cast<double>(ends);
}

/// As many descriptors as may be had, and how many idle connections these allow within one process, at most `wanted`.
inline std::size_t room_for_connections(std::size_t wanted) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    return std::min<std::size_t>(wanted, static_cast<std::size_t>(limit.rlim_cur / 2 - 200));
}

template <class Server>
void measure_memory(benchmark::State& state, const std::string& request) {
    auto server = std::make_unique<Server>();
    std::thread thread([&] { server->run(); });
    const std::size_t ends = room_for_connections(10'000);
    const double bytes = bytes_per_connection(server->port(), ends, request);
    for (auto _ : state) benchmark::ClobberMemory();
    state.counters["bytes"] = bytes;
    state.counters["connections"] = static_cast<double>(ends);
    server->stop();
    thread.join();
}

/// The arguments of all benchmarks of servers.
inline void connections(benchmark::internal::Benchmark* benchmark) {
    benchmark->ArgName("connections")->Arg(50)->Arg(500)->UseManualTime()->Unit(benchmark::kMillisecond);
}

}  // namespace hocket::bench
