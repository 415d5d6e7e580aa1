#include "client_core.hpp"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <stdexcept>
#include <system_error>

#include "client_transfer.hpp"
#include "hocket/aio/create_task.hpp"
#include "hocket/aio/event_loop.hpp"
#include "hocket/aio/sleep.hpp"

namespace hocket::http::detail {
namespace {

void start_libcurl() {
    static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (code != CURLE_OK) throw std::runtime_error(std::string("hocket: start libcurl: ") + curl_easy_strerror(code));
}

hocket::detail::FdGuard checked(int fd, const char* what) {
    if (fd < 0) throw std::system_error(errno, std::generic_category(), what);
    return hocket::detail::FdGuard(fd);
}

void add_to_epoll(int epoll, int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        throw std::system_error(errno, std::generic_category(), "hocket: watch the timer of an http::Client");
}

ClientOptions checked(ClientOptions options) {
    if (options.max_connections == 0 || options.max_connections_per_host == 0)
        throw std::invalid_argument("hocket: an http::Client that may have no connections cannot do anything");
    return options;
}

}  // namespace

// ---- ClientPlace

void ClientPlace::give_back() noexcept {
    if (!host_) return;
    if (has_total_) core_->places_.release();
    if (has_host_) host_->places.release();
    has_total_ = has_host_ = false;
    if (--host_->users == 0) core_->hosts_.erase(origin_);
    host_ = nullptr;
}

Task<void> ClientCore::take_place(std::shared_ptr<ClientCore> core, std::string origin, ClientPlace& place) {
    ClientHost& host = core->hosts_.try_emplace(origin, core->options_.max_connections_per_host).first->second;
    ++host.users;
    place.core_ = core.get();
    place.origin_ = std::move(origin);
    place.host_ = &host;
    // In this order, so that nobody holds one of all places while waiting for one host's.
    co_await host.places.async_acquire();
    place.has_host_ = true;
    co_await core->places_.async_acquire();
    place.has_total_ = true;
}

// ---- ClientCore

ClientCore::ClientCore(ClientOptions options)
    : options_(checked(std::move(options))),
      epoll_(checked(::epoll_create1(EPOLL_CLOEXEC), "hocket: make an epoll for an http::Client")),
      timer_(checked(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC),
                     "hocket: make a timer for an http::Client")),
      watch_(epoll_.get()),
      places_(static_cast<std::ptrdiff_t>(options_.max_connections)),
      random_(std::random_device()()) {
    start_libcurl();
    add_to_epoll(epoll_.get(), timer_.get());
    share_ = curl_share_init();
    multi_ = curl_multi_init();
    if (!share_ || !multi_) {
        close();
        throw std::bad_alloc();
    }
    curl_share_setopt(share_, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    if (options_.cookies == Cookies::keep) curl_share_setopt(share_, CURLSHOPT_SHARE, CURL_LOCK_DATA_COOKIE);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &ClientCore::on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &ClientCore::on_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(options_.max_connections));
}

ClientCore::~ClientCore() {
    close();
    if (home_) home_->drop_reference();
}

void ClientCore::close() noexcept {
    end_all(Failure::client_ended, "its http::Client was destroyed");
    for (CURL* handle : handles_) curl_easy_cleanup(handle);
    handles_.clear();
    if (multi_) curl_multi_cleanup(multi_);
    multi_ = nullptr;
    if (share_) curl_share_cleanup(share_);
    share_ = nullptr;
}

void ClientCore::settle() {
    if (closed()) throw InvalidStateError("hocket: this request's http::Client was destroyed before the request began");
    hocket::detail::IoHome& home = EventLoop::current().backend().home();
    if (home_ == &home) return;
    if (home_) {
        throw InvalidStateError(
            home_->open() ? "hocket: this http::Client belongs to another event loop; each loop needs its own"
                          : "hocket: the event loop of this http::Client has ended; make a new one for each loop");
    }
    home.add_reference();
    home_ = &home;
}

CURL* ClientCore::take_handle() {
    CURL* handle = nullptr;
    if (handles_.empty()) {
        handle = curl_easy_init();
        if (!handle) throw std::bad_alloc();
    } else {
        handle = handles_.back();
        handles_.pop_back();
    }
    curl_easy_setopt(handle, CURLOPT_SHARE, share_);
    // Switches the engine on; the jar is in the share.
    if (options_.cookies == Cookies::keep) curl_easy_setopt(handle, CURLOPT_COOKIEFILE, "");
    return handle;
}

void ClientCore::give_back(CURL* handle) noexcept {
    constexpr std::size_t kSpare = 64;
    // Resetting forgets that list without freeing it. This takes the jar off, too: take_handle() puts it on.
    curl_easy_setopt(handle, CURLOPT_COOKIEFILE, static_cast<const char*>(nullptr));
    curl_easy_reset(handle);
    try {
        if (!closed() && handles_.size() < kSpare) return handles_.push_back(handle);
    } catch (const std::bad_alloc&) {
    }
    curl_easy_cleanup(handle);
}

// ---- transfers

void ClientCore::start(ClientTransfer& transfer) {
    transfers_.insert(&transfer);
    if (const CURLMcode code = curl_multi_add_handle(multi_, transfer.handle()); code != CURLM_OK) {
        transfers_.erase(&transfer);
        throw std::runtime_error(std::string("hocket: begin a transfer: ") + curl_multi_strerror(code));
    }
    go_on();
}

void ClientCore::stop(ClientTransfer& transfer) noexcept {
    if (transfers_.erase(&transfer) == 0) return;
    curl_multi_remove_handle(multi_, transfer.handle());
    set_timer(due_);
}

void ClientCore::go_on() noexcept {
    fire();
    take_results();
    set_timer(due_);
}

void ClientCore::take_results() noexcept {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        ClientTransfer* transfer = nullptr;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        transfer->ended(message->data.result);
    }
}

void ClientCore::end_all(Failure failure, const char* why) noexcept {
    while (!transfers_.empty()) (*transfers_.begin())->fail(failure, why);
}

// ---- what libcurl waits for

int ClientCore::on_socket(CURL*, curl_socket_t fd, int what, void* self, void* known) noexcept {
    const ClientCore& core = *static_cast<ClientCore*>(self);
    epoll_event event{};
    event.data.fd = fd;
    if (what & CURL_POLL_IN && what != CURL_POLL_REMOVE) event.events |= EPOLLIN;
    if (what & CURL_POLL_OUT && what != CURL_POLL_REMOVE) event.events |= EPOLLOUT;
    if (what == CURL_POLL_REMOVE) {
        ::epoll_ctl(core.epoll_.get(), EPOLL_CTL_DEL, fd, &event);
        return 0;
    }
    if (!known) curl_multi_assign(core.multi_, fd, self);
    return ::epoll_ctl(core.epoll_.get(), known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
}

int ClientCore::on_timer(CURLM*, long milliseconds, void* self) noexcept {
    ClientCore& core = *static_cast<ClientCore*>(self);
    core.due_ = milliseconds < 0 ? kNever : std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
    return 0;
}

// The timer is not moved back: it costs less to look at it too early.
void ClientCore::set_timer(TimePoint deadline) noexcept {
    if (deadline >= armed_) return;
    const auto since = std::max<std::int64_t>(deadline.time_since_epoch().count(), 1);
    itimerspec when{};
    when.it_value.tv_sec = static_cast<std::time_t>(since / 1'000'000'000);
    when.it_value.tv_nsec = static_cast<long>(since % 1'000'000'000);
    ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &when, nullptr);
    armed_ = deadline;
}

void ClientCore::fire() noexcept {
    if (due_ == kNever || due_ > std::chrono::steady_clock::now()) return;
    due_ = kNever;
    int running = 0;
    curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
    if (due_ != kNever) return;
    // It says nothing when it finds itself called too early.
    long milliseconds = -1;
    curl_multi_timeout(multi_, &milliseconds);
    on_timer(multi_, milliseconds, this);
}

void ClientCore::take_event(int fd, std::uint32_t events) noexcept {
    if (fd == timer_.get()) {
        std::uint64_t expirations = 0;
        (void)!::read(fd, &expirations, sizeof expirations);
        armed_ = kNever;
        return;
    }
    int what = 0;
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) what |= CURL_CSELECT_IN;
    if (events & (EPOLLOUT | EPOLLERR)) what |= CURL_CSELECT_OUT;
    if (events & EPOLLERR) what |= CURL_CSELECT_ERR;
    int running = 0;
    curl_multi_socket_action(multi_, fd, what, &running);
}

// Hands over what has happened; whether there was anything.
bool ClientCore::collect() {
    std::array<epoll_event, 64> events;
    const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 0);
    for (int i = 0; i < count; ++i) take_event(events[i].data.fd, events[i].events);
    go_on();
    return count > 0;
}

// ---- the driver

Task<void> ClientCore::drive(std::shared_ptr<ClientCore> core) {
    bool works = true;
    while (works && core->waiting_ > 0) {
        CancelScope scope(shielded);
        core->drive_scope_ = &scope;
        try {
            while (core->waiting_ > 0 && !core->closed()) {
                if (core->collect()) {
                    co_await yield_now();
                } else {
                    core->watch_.rearm();
                    co_await core->watch_.async_wait_readable();
                }
            }
        } catch (const CancelledError&) {  // nobody waited, a moment ago
        } catch (const std::exception& error) {
            core->end_all(Failure::connection, error.what());
            works = false;
        }
        core->drive_scope_ = nullptr;
        if (core->closed()) works = false;
    }
    core->driven_ = false;
}

ClientCore::Waiting::Waiting(ClientCore& core) : core_(core) {
    if (!core_.driven_) {
        (void)create_task(drive(core_.shared_from_this()), "http client");
        core_.driven_ = true;
    }
    ++core_.waiting_;
}

ClientCore::Waiting::~Waiting() {
    if (--core_.waiting_ == 0 && core_.drive_scope_) core_.drive_scope_->cancel();
}

}  // namespace hocket::http::detail
