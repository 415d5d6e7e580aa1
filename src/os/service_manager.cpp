#include "hocket/os/service_manager.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <system_error>

#include "net/fd_guard.hpp"

namespace hocket {
namespace {

// For a service manager that has fallen behind with its messages. As long as this lasts, a daemon hears of nothing.
constexpr std::chrono::seconds kPatience{1};
constexpr std::string_view kAlive = "WATCHDOG=1";

// A socket of ours to `address`, -1 if that cannot be.
detail::FdGuard connect_to(const std::string& address) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path, address.data(), address.size());
    if (address[0] == '@') name.sun_path[0] = '\0';  // an abstract name
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
    detail::FdGuard socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    // Connected, it can be waited for until the other side has room.
    if (socket.get() >= 0 && ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&name), size) < 0)
        socket.close();
    return socket;
}

// False with errno. EAGAIN: there was no room until the deadline.
bool sends_by(int socket, std::string_view message, TimePoint deadline) {
    while (::send(socket, message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
        if (errno == EINTR) continue;
        if (errno != EAGAIN) return false;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        pollfd room{socket, POLLOUT, 0};
        if (left.count() <= 0 || ::poll(&room, 1, static_cast<int>(left.count())) == 0) {
            errno = EAGAIN;
            return false;
        }
    }
    return true;
}

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : std::string();
}

std::uint64_t number_in(const char* name, const std::string& value) {
    std::uint64_t number = 0;
    const char* const end = value.data() + value.size();
    const auto [stopped, error] = std::from_chars(value.data(), end, number);
    if (error != std::errc() || stopped != end)
        throw std::invalid_argument("hocket: the variable " + std::string(name) + " is set to '" + value +
                                    "', which is no number; unset it if no service manager has set it");
    return number;
}

std::string one_line(std::string_view text) {
    std::string line(text);
    std::replace(line.begin(), line.end(), '\n', ' ');
    return line;
}

std::string with_status(std::string assignments, std::string_view status) {
    if (!status.empty()) assignments += "\nSTATUS=" + one_line(status);
    return assignments;
}

std::uint64_t microseconds(Duration duration) {
    return static_cast<std::uint64_t>(
        std::max<Duration::rep>(0, std::chrono::ceil<std::chrono::microseconds>(duration).count()));
}

}  // namespace

ServiceManager ServiceManager::from_environment() {
    ServiceManager manager;
    const std::string address = variable("NOTIFY_SOCKET");
    if (!address.empty()) {
        if ((address[0] != '/' && address[0] != '@') || address.size() < 2)
            throw std::invalid_argument("hocket: the variable NOTIFY_SOCKET is set to '" + address +
                                        "': neither an absolute path nor '@' and a name; unset it if no service "
                                        "manager has set it");
        if (address.size() >= sizeof(sockaddr_un::sun_path))
            throw std::invalid_argument("hocket: the address in NOTIFY_SOCKET has " + std::to_string(address.size()) +
                                        " bytes, more than a Unix socket's address can have");
        manager.address_ = address;
    }
    const std::string interval = variable("WATCHDOG_USEC");
    const std::string watched = variable("WATCHDOG_PID");
    if (manager && !interval.empty()) {
        const std::uint64_t period = number_in("WATCHDOG_USEC", interval);
        const bool for_us =
            watched.empty() || number_in("WATCHDOG_PID", watched) == static_cast<std::uint64_t>(::getpid());
        if (period == 0) throw std::invalid_argument("hocket: the variable WATCHDOG_USEC is 0, which is no interval");
        constexpr std::uint64_t kLongest = 1'000'000ull * 3600 * 24 * 365 * 100;
        if (for_us) manager.watchdog_ = std::chrono::microseconds(std::min(period, kLongest));
    }
    return manager;
}

void ServiceManager::ready(std::string_view status) const {
    notify(with_status("READY=1\nMAINPID=" + std::to_string(::getpid()), status));
}

void ServiceManager::reloading() const {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    const auto time =
        static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(now.tv_nsec) / 1000;
    notify("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(time));
}

void ServiceManager::stopping(std::string_view status) const { notify(with_status("STOPPING=1", status)); }
void ServiceManager::status(std::string_view text) const { notify("STATUS=" + one_line(text)); }
void ServiceManager::extend_timeout(Duration by) const {
    notify("EXTEND_TIMEOUT_USEC=" + std::to_string(microseconds(by)));
}
void ServiceManager::alive() const { notify(kAlive); }
void ServiceManager::not_alive() const { notify("WATCHDOG=trigger"); }

void ServiceManager::notify(std::string_view assignments) const {
    if (!*this) return;
    const bool may_be_lost = assignments == kAlive;  // as long as there are others that it has not read
    const TimePoint now = std::chrono::steady_clock::now();
    const detail::FdGuard socket = connect_to(address_);
    if (socket.get() >= 0 && sends_by(socket.get(), assignments, may_be_lost ? now : now + kPatience)) return;
    const int error = errno;
    if (error == EAGAIN && may_be_lost) return;
    throw std::system_error(error, std::generic_category(),
                            "hocket: tell the service manager at " + address_ + " (NOTIFY_SOCKET) " +
                                std::string(assignments.substr(0, assignments.find('\n'))));
}

}  // namespace hocket
