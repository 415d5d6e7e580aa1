#include "serve.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstdio>

#include "target.hpp"

namespace hocket::serve {

int run_serve(const load::ServeOptions& options) {
    Target target(options);
    const bool is_ipv6 = options.host.find(':') != std::string::npos;
    fmt::print("hocket serve: listening on http://{}{}{}:{}/ (Ctrl-C ends it)\n", is_ipv6 ? "[" : "", options.host,
               is_ipv6 ? "]" : "", target.port());
    std::fflush(stdout);

    sigset_t ending;
    ::sigemptyset(&ending);
    ::sigaddset(&ending, SIGINT);
    ::sigaddset(&ending, SIGTERM);
    int signal = 0;
    ::sigwait(&ending, &signal);
    // A second one ends the program at once.
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
    ::pthread_sigmask(SIG_UNBLOCK, &ending, nullptr);
    target.stop();
    return 0;
}

}  // namespace hocket::serve
