// Connecting: one address, or the race between the addresses of a host.
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <system_error>

#include "hocket/aio/sleep.hpp"
#include "hocket/aio/task_group.hpp"
#include "hocket/aio/timeout.hpp"
#include "hocket/futures/promise.hpp"
#include "hocket/net/connection.hpp"
#include "hocket/net/resolve.hpp"
#include "hocket/net/socket.hpp"

namespace hocket {
namespace {

class ConnectAwaiter final : public detail::IoAwaiter {
public:
    ConnectAwaiter(detail::Descriptor& descriptor, const Address& address) noexcept
        : IoAwaiter(descriptor, detail::IoVerb::connect, const_cast<sockaddr*>(address.data()), address.size(), 0) {}
    /// 0, or the negative errno of a failure that is not a cancellation.
    std::int64_t await_resume() const {
        if (result() == -ECANCELED) throw_failure("connect");
        return result();
    }
};

class Connect {
public:
    Connect(detail::Descriptor& descriptor, const Address& address) noexcept
        : descriptor_(descriptor), address_(address) {}
    ConnectAwaiter operator co_await() const noexcept { return ConnectAwaiter(descriptor_, address_); }

private:
    detail::Descriptor& descriptor_;
    const Address& address_;
};

[[noreturn]] void throw_error(int error, const char* what, const Address& address) {
    throw std::system_error(error, std::generic_category(), what + address.to_string());
}

Socket open_socket(const Address& address, const Address& from) {
    const int fd = ::socket(address.data()->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) throw_error(errno, "open a socket for ", address);
    Socket socket(fd, false);
    if (from.family() == Address::Family::none) return socket;
    // The port is chosen when the other end is known: it may serve several connections.
    const int one = 1;
    if (from.port() == 0) ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    if (::bind(fd, from.data(), static_cast<socklen_t>(from.size())) < 0) throw_error(errno, "connect from ", from);
    return socket;
}

// Those of `found` that the options allow; throws ResolveError if there are none.
std::vector<Address> choose(std::vector<Address> found, const std::string& host, const ConnectOptions& options) {
    const auto unwanted = [&](const Address& address) {
        const bool other_family = options.family != Address::Family::none && address.family() != options.family;
        return other_family ||
               (options.from.family() != Address::Family::none && address.family() != options.from.family());
    };
    std::erase_if(found, unwanted);
    if (found.empty())
        throw ResolveError("hocket: the host name \"" + host + "\" has no address of the family that is wanted");
    return found;
}

// One family after the other, beginning with that of the first address; otherwise in the given order.
std::vector<Address> interleave(const std::vector<Address>& addresses) {
    std::vector<Address> first, second, result;
    for (const Address& address : addresses)
        (address.family() == addresses.front().family() ? first : second).push_back(address);
    for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
        if (i < first.size()) result.push_back(first[i]);
        if (i < second.size()) result.push_back(second[i]);
    }
    return result;
}

// The race between the addresses of a host. It happens on one loop, so nothing can end between a look at `winner` or
// `running_` and the wait for the next end.
class Race {
public:
    explicit Race(const ConnectOptions& options) : options_(options) {}
    Task<void> run(TaskGroup& group, std::vector<Address> addresses) {
        for (Address& address : addresses) {
            ++running_;
            group.create_task(attempt(std::move(address)), "connect");
            try {
                co_await hocket::timeout(options_.head_start, shield(next_end()));
            } catch (const TimeoutError&) {
                // Give the next address a chance beside this one.
            }
            if (winner.is_open()) break;
        }
        while (running_ > 0 && !winner.is_open()) co_await shield(next_end());
        group.cancel("another address has answered");
    }
    Socket winner;
    std::vector<std::exception_ptr> errors;

private:
    Task<void> attempt(Address address) {
        try {
            Socket socket = co_await Socket::async_connect(std::move(address), options_);
            if (!winner.is_open()) winner = std::move(socket);
        } catch (const std::exception&) {
            errors.push_back(std::current_exception());
        }
        --running_;
        (void)end_.try_set_result();
    }
    // Done when any attempt ends from now on.
    Future<void> next_end() {
        end_ = Promise<void>();
        return end_.future();
    }

    const ConnectOptions& options_;
    int running_ = 0;
    Promise<void> end_;
};

}  // namespace

Task<Socket> Socket::async_connect(Address address, ConnectOptions options) {
    Socket socket = open_socket(address, options.from);
    const std::int64_t result = co_await Connect(*socket.descriptor_, address);
    if (result < 0) throw_error(static_cast<int>(-result), "connect to ", address);
    if (address.family() != Address::Family::unix_domain) socket.set_no_delay(true);
    co_return socket;
}

Task<Socket> Socket::async_connect(std::string host, std::uint16_t port, ConnectOptions options) {
    std::vector<Address> all = co_await resolve(host, port);
    const std::vector<Address> found = choose(std::move(all), host, options);
    if (found.size() == 1) co_return co_await async_connect(found.front(), options);
    Race race(options);
    std::vector<Address> addresses = interleave(found);
    co_await task_group([&](TaskGroup& group) { return race.run(group, std::move(addresses)); });
    if (!race.winner.is_open()) std::rethrow_exception(race.errors.front());
    co_return std::move(race.winner);
}

Task<Stream> open_connection(std::string host, std::uint16_t port, ConnectOptions options) {
    Socket socket = co_await Socket::async_connect(std::move(host), port, options);
    co_return Stream(std::move(socket));
}

Task<Stream> open_connection(Address address, ConnectOptions options) {
    Socket socket = co_await Socket::async_connect(address, options);
    co_return Stream(std::move(socket));
}

Task<Stream> open_unix_connection(std::string path) { return open_connection(Address::unix_path(path)); }

}  // namespace hocket
