#include "target.hpp"

#include <pthread.h>

#include <csignal>

#include "hocket/core/report.hpp"
#include "hocket/http.hpp"
#include "hocket/net/listener.hpp"
#include "target_handler.hpp"

namespace hocket::serve {
namespace {

// While it lives, this thread takes no signals, nor do the threads that it starts.
class SignalsBlocked {
public:
    SignalsBlocked() noexcept {
        sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_BLOCK, &all, &before_);
    }
    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;
    ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

private:
    sigset_t before_;
};

Task<void> serve_until(load::ServeOptions options, std::uint16_t port, Promise<std::uint16_t>& listening,
                       Future<void> stop) {
    http::Server server;
    server.handle(TargetHandler(options));
    ListenOptions listen;
    listen.reuse_port = options.threads > 1;
    co_await server.listen(options.host, port, listen);
    listening.set_result(server.port());
    co_await shield(stop);
    co_await server.close();
}

}  // namespace

Target::Target(const load::ServeOptions& options) {
    const SignalsBlocked blocked;
    // Sockets that share a port by SO_REUSEPORT would share it with those of another program too.
    if (options.port != 0) (void)Listener::bind(options.host, options.port);
    try {
        for (unsigned i = 0; i < std::max(options.threads, 1u); ++i) {
            Promise<std::uint16_t> listening;
            const Future<std::uint16_t> port = listening.future();
            const std::uint16_t wanted = i == 0 ? options.port : port_;
            threads_.emplace_back(&Target::run_loop, this, options, wanted, std::move(listening));
            port_ = port.result();
        }
    } catch (...) {
        stop();
        throw;
    }
}

Target::~Target() { stop(); }

void Target::run_loop(const load::ServeOptions& options, std::uint16_t port,
                      Promise<std::uint16_t> listening) noexcept {
    try {
        run(serve_until(options, port, listening, stop_.future()));
    } catch (...) {
        if (listening.try_set_exception(std::current_exception())) return;
        detail::report(ReportKind::lost_exception,
                       "an event loop of hocket serve ended: " + describe(std::current_exception()));
    }
}

void Target::stop() noexcept {
    (void)stop_.try_set_result();
    std::scoped_lock guard(joining_);
    for (std::thread& thread : threads_) {
        if (thread.joinable()) thread.join();
    }
}

}  // namespace hocket::serve
