#include "hocket/net/resolve.hpp"

#include <netdb.h>

#include <deque>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

#include "hocket/futures/promise.hpp"

namespace hocket {
namespace {

using Addresses = std::vector<Address>;

// getaddrinfo(); throws ResolveError.
Addresses look_up(const std::string& host, std::uint16_t port, int flags) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags;
    addrinfo* found = nullptr;
    if (const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found); error != 0) {
        const std::string why = error == EAI_SYSTEM ? std::generic_category().message(errno) : ::gai_strerror(error);
        throw ResolveError("hocket: cannot resolve the host name \"" + host + "\": " + why);
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
    Addresses addresses;
    for (const addrinfo* entry = found; entry; entry = entry->ai_next)
        addresses.emplace_back(entry->ai_addr, entry->ai_addrlen);
    return addresses;
}

struct Request {
    Request(std::string name, std::uint16_t number) : host(std::move(name)), port(number) {}
    std::string host;
    std::uint16_t port;
    Promise<Addresses> promise;
};

// Threads that exist only while there is something to look up. They are detached because getaddrinfo() can neither be
// interrupted nor hurried: a program must be able to end meanwhile. They touch nothing but their own requests and this
// object, which is never destroyed.
class LookUpThreads {
public:
    static LookUpThreads& instance() {
        static auto* threads = new LookUpThreads;
        return *threads;
    }

    void submit(Request request) {
        std::scoped_lock guard(mutex_);
        waiting_.push_back(std::move(request));
        if (running_ >= kThreads) return;
        ++running_;
        try {
            std::thread([this] { work(); }).detach();
        } catch (...) {
            --running_;
            if (running_ > 0) return;  // another thread will come to it
            waiting_.pop_back();
            throw;
        }
    }

private:
    static constexpr int kThreads = 8;

    void work() {
        std::unique_lock lock(mutex_);
        while (!waiting_.empty()) {
            Request request = std::move(waiting_.front());
            waiting_.pop_front();
            lock.unlock();
            answer(request);
            lock.lock();
        }
        --running_;
    }

    // The future may have been cancelled meanwhile, which makes the answer unwanted but not wrong.
    static void answer(Request& request) {
        if (request.promise.future().cancelled()) return;  // others would wait behind it
        try {
            (void)request.promise.try_set_result(look_up(request.host, request.port, AI_ADDRCONFIG | AI_NUMERICSERV));
        } catch (...) {
            (void)request.promise.try_set_exception(std::current_exception());
        }
    }

    std::mutex mutex_;
    std::deque<Request> waiting_;
    int running_ = 0;
};

bool is_numeric(const std::string& host) {
    try {
        (void)Address::ip(host, 0);
        return true;
    } catch (const std::invalid_argument&) {
        return false;
    }
}

Future<Addresses> look_up_beside(std::string host, std::uint16_t port) {
    if (host.find('\0') != std::string::npos)
        throw ResolveError("hocket: cannot resolve a host name with a NUL byte in it");
    if (is_numeric(host)) {
        Promise<Addresses> known;
        known.set_result(Addresses{Address::ip(host, port)});
        return known.future();
    }
    Request request(std::move(host), port);
    Future<Addresses> answer = request.promise.future();
    LookUpThreads::instance().submit(std::move(request));
    return answer;
}

}  // namespace

Task<Addresses> resolve(std::string host, std::uint16_t port) {
    Future<Addresses> answer = look_up_beside(std::move(host), port);
    co_return co_await std::move(answer);
}

Addresses resolve_blocking(const std::string& host, std::uint16_t port, std::source_location where) {
    return look_up_beside(host, port).result(where);
}

}  // namespace hocket
