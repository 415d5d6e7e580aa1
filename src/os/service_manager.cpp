#include "hocket/os/service_manager.hpp"

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
void ServiceManager::alive() const { notify("WATCHDOG=1"); }
void ServiceManager::not_alive() const { notify("WATCHDOG=trigger"); }

void ServiceManager::notify(std::string_view assignments) const {
    if (!*this) return;
    const detail::FdGuard socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, address_.data(), address_.size());
    if (address_[0] == '@') address.sun_path[0] = '\0';  // an abstract name
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
    ssize_t sent = -1;
    do {
        if (socket.get() < 0) break;
        sent = ::sendto(socket.get(), assignments.data(), assignments.size(), MSG_NOSIGNAL,
                        reinterpret_cast<const sockaddr*>(&address), size);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) {
        const std::string what(assignments.substr(0, assignments.find('\n')));
        throw std::system_error(errno, std::generic_category(),
                                "hocket: tell the service manager at " + address_ + " (NOTIFY_SOCKET) " + what);
    }
}

}  // namespace hocket
