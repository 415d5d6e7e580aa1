#include "reach.hpp"

#include "hocket/net.hpp"
#include "printable.hpp"

namespace hocket::load {

Task<Address> reach(const LoadOptions& options) {
    try {
        const Socket socket =
            co_await timeout(options.timeout, Socket::async_connect(options.url->host, options.url->port));
        co_return socket.peer_address();
    } catch (const ResolveError& error) {
        throw Unreachable(ErrorKind::resolve, explanation(error));
    } catch (const TimeoutError& error) {
        throw Unreachable(ErrorKind::timeout, explanation(error));
    } catch (const std::exception& error) {
        throw Unreachable(ErrorKind::connect, explanation(error));
    }
}

Summary nothing_done(const LoadOptions& options, std::chrono::system_clock::time_point started_at) {
    Summary summary;
    summary.url = options.url->to_string();
    summary.started_at = started_at;
    summary.threads = options.threads;
    return summary;
}

}  // namespace hocket::load
