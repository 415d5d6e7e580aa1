// The sessions that a TLS client may take up again, by server.
#pragma once
#include <list>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "net/tls_handles.hpp"

namespace hocket::detail {

/// A few sessions for each of the servers that were used last. Thread-safe. Keys name the server as its certificate was
/// verified, so that nobody is taken for somebody else.
class TlsSessionCache {
public:
    static constexpr std::size_t kServers = 1000;
    static constexpr std::size_t kSessionsEach = 4;

    void put(const std::string& server, SslSessionHandle session);
    /// The newest one, or null. One of TLS 1.3 is handed out only once (RFC 8446, C.4).
    SslSessionHandle take(const std::string& server);
    void clear();

private:
    struct Entry {
        std::string server;
        std::vector<SslSessionHandle> sessions;  // oldest first
    };
    std::mutex mutex_;
    std::list<Entry> entries_;  // least recently used last
    std::unordered_map<std::string, std::list<Entry>::iterator> places_;
};

}  // namespace hocket::detail
