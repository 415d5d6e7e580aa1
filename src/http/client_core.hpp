// ClientCore: libcurl's multi interface, driven by an event loop.
#pragma once
#include <curl/curl.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "hocket/aio/cancel_scope.hpp"
#include "hocket/aio/task.hpp"
#include "hocket/http/client.hpp"
#include "hocket/net/socket.hpp"
#include "hocket/sync/semaphore.hpp"
#include "net/fd_guard.hpp"

namespace hocket::http::detail {

class ClientTransfer;

/// The places of one host, and how many hold or want one.
class ClientHost {
public:
    explicit ClientHost(std::size_t places) : places(static_cast<std::ptrdiff_t>(places)) {}
    Semaphore places;
    std::size_t users = 0;
};

/// A place among the requests that are under way, to one host and altogether. Given back by the destructor.
class ClientPlace {
public:
    ClientPlace() noexcept = default;
    ClientPlace(const ClientPlace&) = delete;
    ClientPlace& operator=(const ClientPlace&) = delete;
    ~ClientPlace() { give_back(); }
    void give_back() noexcept;

private:
    friend class ClientCore;
    ClientCore* core_ = nullptr;
    std::string origin_;
    ClientHost* host_ = nullptr;  // of which this is a user
    bool has_host_ = false;       // a place of it is held
    bool has_total_ = false;
};

/// What a Client is made of, kept alive by its requests as well.
///
/// libcurl tells which sockets it waits for; they are in an epoll of its own, with a timerfd for its time-outs, and the
/// event loop waits for that epoll alone. So libcurl sees its sockets level-triggered, as it expects, the loop need not
/// know them, and time is the system's even where the loop's clock is not. The driver, a task, hands libcurl what has
/// happened. It lives as long as somebody waits for a transfer, and is shielded, so that requests may be made in
/// clean-up code.
///
/// Belongs to one loop; no lock. libcurl's callbacks run no user code, so nothing here is entered twice.
class ClientCore : public std::enable_shared_from_this<ClientCore> {
public:
    explicit ClientCore(ClientOptions options);
    ClientCore(const ClientCore&) = delete;
    ClientCore& operator=(const ClientCore&) = delete;
    ~ClientCore();

    const ClientOptions& options() const noexcept { return options_; }
    std::minstd_rand& random() noexcept { return random_; }
    std::size_t active() const noexcept { return transfers_.size(); }
    std::vector<Cookie> cookies();
    void clear_cookies();

    /// Takes possession of the loop that runs, or finds that it has it. Throws InvalidStateError.
    void settle();
    /// Waits for a place. Cancellation: takes none.
    static Task<void> take_place(std::shared_ptr<ClientCore> core, std::string origin, ClientPlace& place);
    /// An easy handle without options, with the jar.
    CURL* take_handle();
    void give_back(CURL* handle) noexcept;

    /// Begins a transfer. Throws Error.
    void start(ClientTransfer& transfer);
    /// Ends it, at once; does nothing to one that has ended.
    void stop(ClientTransfer& transfer) noexcept;
    /// Lets libcurl do what it has put off: for after curl_easy_pause().
    void go_on() noexcept;
    /// Ends all transfers and closes all connections.
    void close() noexcept;
    bool closed() const noexcept { return multi_ == nullptr; }

    /// Somebody waits for a transfer as long as this lives: libcurl is driven.
    class Waiting {
    public:
        explicit Waiting(ClientCore& core);
        Waiting(const Waiting&) = delete;
        Waiting& operator=(const Waiting&) = delete;
        ~Waiting();

    private:
        ClientCore& core_;
    };

private:
    friend class ClientPlace;
    static int on_socket(CURL*, curl_socket_t fd, int what, void* self, void* known) noexcept;
    static int on_timer(CURLM*, long milliseconds, void* self) noexcept;
    static Task<void> drive(std::shared_ptr<ClientCore> core);
    bool collect();
    void take_event(int fd, std::uint32_t events) noexcept;
    void fire() noexcept;
    void take_results() noexcept;
    void set_timer(TimePoint deadline) noexcept;
    void end_all(Failure failure, const char* why) noexcept;

    const ClientOptions options_;
    hocket::detail::FdGuard epoll_;
    hocket::detail::FdGuard timer_;
    CURLSH* share_ = nullptr;
    CURLM* multi_ = nullptr;
    Watch watch_;
    hocket::detail::IoHome* home_ = nullptr;  // the loop's; null before the first request
    std::vector<CURL*> handles_;              // unused
    std::unordered_set<ClientTransfer*> transfers_;
    std::unordered_map<std::string, ClientHost> hosts_;  // that somebody uses or wants
    Semaphore places_;
    std::minstd_rand random_;
    std::size_t waiting_ = 0;
    bool driven_ = false;
    CancelScope* drive_scope_ = nullptr;  // what the driver waits in
    TimePoint due_ = kNever;              // when libcurl wants to be called
    TimePoint armed_ = kNever;            // when timer_ will tell
};

}  // namespace hocket::http::detail
