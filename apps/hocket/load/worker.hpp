#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "engine.hpp"
#include "hocket/aio.hpp"
#include "hocket/net/socket.hpp"
#include "response_reader.hpp"
#include "tls.hpp"

namespace hocket::load {

// One thread of a load test: an event loop and its share of the connections.
class Worker {
public:
    using Time = std::chrono::steady_clock::time_point;

    Worker(Job& job, unsigned connections);
    ~Worker();  // stops and joins

    // Begins; calls `ended` from its thread as the last thing it does.
    void start(Time began, std::function<void()> ended);
    // Any thread.
    void stop();

    // Any thread, while it runs. Adds what has been counted so far, each number as of some recent moment.
    void add_to(Progress& progress) const;
    const Histogram& latency() const noexcept { return latency_; }

    // After it has ended.
    void add_to(Summary& summary) const;
    Time first_start() const noexcept { return first_start_; }
    Time last_end() const noexcept { return last_end_; }

private:
    // The request that a connection is busy with.
    struct Request {
        Time start;
        bool open = false;    // begun and not ended
        bool resent = false;  // the server had closed the connection just before; the request was sent once more
    };
    enum class Stage : std::uint8_t { connect, tls, send, receive };
    // How the life of one connection ended, and at what.
    struct Ending {
        Stage stage = Stage::connect;
        bool served = false;  // it has carried a complete exchange
        bool timed_out = false;
        bool response_started = false;  // a byte of the last response has come
        std::exception_ptr error = nullptr;
        const char* broken = nullptr;  // what was wrong with the response
        bool closed = false;           // by the server, and it was no end that the response could have
    };

    void run(Time began) noexcept;
    Task<void> main();
    Task<void> start_connections(TaskGroup& group);
    void start_next_connection();
    void time_is_up();
    Task<void> connection();
    Task<Socket> connect();
    std::size_t send_now(Socket& socket, std::string_view bytes, Ending& ending);
    Task<bool> send_rest(Socket& socket, std::string_view rest, Ending& ending);
    Task<void> send_until_answered(TaskGroup& group, Socket& socket, std::string_view rest, Ending& ending, bool& sent);
    Task<void> wait_for(Socket& socket, TlsSession::Wants what);
    Task<void> shake_hands(TlsSession& tls, Socket& socket);
    Task<void> send_tls(TlsSession& tls, Socket& socket, TlsSession::Wants wants);
    ReadResult receive(ResponseReader& reader, Socket& socket, TlsSession* tls, Ending& ending);

    bool begin(Request& request, Time now);
    void succeed(Request& request, unsigned status);
    void fail(Request& request, ErrorKind kind, const std::string& message);
    void settle(Request& request, const Ending& ending);
    void add_counts(StatusCounts& statuses, ErrorCounts& errors) const;

    Job& job_;
    unsigned connections_;
    const bool idempotent_;            // RFC 9110, 9.2.2
    std::unique_ptr<TlsContext> tls_;  // for https only
    std::thread thread_;
    std::mutex loop_mutex_;      // stop() may race with the end
    EventLoop* loop_ = nullptr;  // while it runs
    bool stop_requested_ = false;

    // From here on: the worker's thread only.
    TaskGroup* group_ = nullptr;
    unsigned to_start_ = 0;      // connections that have not been opened yet
    bool draining_ = false;      // no new requests
    std::uint64_t tickets_ = 0;  // requests taken from the job and not begun
    ResponseContext responses_;
    std::array<char, 64 * 1024> buffer_;  // one for all connections: nobody waits while holding bytes in it

    // The worker's thread writes these, by load and store; others read them in add_to(Progress&). An example is written
    // once, before its count becomes 1 by a release store; who acquires a count above 0 may read it.
    Histogram latency_;
    std::array<std::atomic<std::uint64_t>, 1000> statuses_{};  // the parser refuses codes of more than three digits
    std::array<std::atomic<std::uint64_t>, error_kinds> errors_{};
    std::array<std::string, error_kinds> examples_;

    std::uint64_t resent_ = 0;
    std::uint64_t unfinished_ = 0;
    std::optional<Failure> failure_;
    std::uint64_t bytes_received_ = 0;
    std::uint64_t bytes_sent_ = 0;
    Time first_start_ = Time::max();
    Time last_end_ = Time::min();
    double cpu_seconds_ = 0;
};

}  // namespace hocket::load
