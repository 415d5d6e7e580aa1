#include "net/tls_session_cache.hpp"

namespace hocket::detail {

void TlsSessionCache::put(const std::string& server, SslSessionHandle session) {
    const std::scoped_lock guard(mutex_);
    if (const auto place = places_.find(server); place != places_.end()) {
        entries_.splice(entries_.begin(), entries_, place->second);
        auto& sessions = entries_.front().sessions;
        if (sessions.size() == kSessionsEach) sessions.erase(sessions.begin());
        sessions.push_back(std::move(session));
        return;
    }
    // An entry has a session from its first moment on, also if there is no memory for what follows.
    std::list<Entry> added(1);
    added.front().server = server;
    added.front().sessions.push_back(std::move(session));
    places_.emplace(server, added.begin());
    entries_.splice(entries_.begin(), added);
    if (entries_.size() <= kServers) return;
    places_.erase(entries_.back().server);
    entries_.pop_back();
}

SslSessionHandle TlsSessionCache::take(const std::string& server) {
    const std::scoped_lock guard(mutex_);
    const auto place = places_.find(server);
    if (place == places_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, place->second);
    auto& sessions = place->second->sessions;
    if (::SSL_SESSION_get_protocol_version(sessions.back().get()) < TLS1_3_VERSION) {
        ::SSL_SESSION_up_ref(sessions.back().get());
        return SslSessionHandle(sessions.back().get());
    }
    SslSessionHandle session = std::move(sessions.back());
    sessions.pop_back();
    if (sessions.empty()) {
        entries_.erase(place->second);
        places_.erase(place);
    }
    return session;
}

void TlsSessionCache::clear() {
    const std::scoped_lock guard(mutex_);
    places_.clear();
    entries_.clear();
}

}  // namespace hocket::detail
