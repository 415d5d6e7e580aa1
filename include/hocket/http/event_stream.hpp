// Server-sent events: news for a page that stays open.
#pragma once
#include <chrono>
#include <string>
#include <string_view>

#include "hocket/aio/async_generator.hpp"
#include "hocket/core/clock.hpp"
#include "hocket/http/message.hpp"

namespace hocket::http {

/// One event of an event stream (HTML standard, section 9.2). A value.
class ServerSentEvent {
public:
    /// The data may have several lines.
    explicit ServerSentEvent(std::string data);
    /// What listeners of this name get; without one it is a "message". Throws std::invalid_argument for a line break,
    /// as id() does.
    ServerSentEvent& name(std::string_view name);
    /// What a client that comes back sends as Last-ServerSentEvent-ID. Throws also for a NUL.
    ServerSentEvent& id(std::string_view id);
    /// How long a client waits before it comes back.
    ServerSentEvent& retry(std::chrono::milliseconds pause);
    /// As it is sent.
    std::string text() const;

private:
    std::string fields_;
    std::string data_;
};

/// A response that goes on as long as the client listens (in a browser: `new EventSource(url)`):
/// `co_return http::EventStream(ticks()).response()`, where ticks() is an AsyncGenerator<ServerSentEvent>. The
/// generator is asked for the next event when the one before is sent, and is closed when the client goes away or the
/// server closes. A client that comes back says in its header field Last-ServerSentEvent-ID what it has got.
class EventStream {
public:
    explicit EventStream(AsyncGenerator<ServerSentEvent> events) noexcept : events_(std::move(events)) {}
    /// How long nothing may be sent before an empty comment tells the client, and all proxies between, that the
    /// connection is alive. By default 15 s, to some 250 ms; zero: never.
    EventStream& keep_alive(Duration pause) noexcept;
    /// The response, once.
    Response response();

private:
    AsyncGenerator<ServerSentEvent> events_;
    Duration keep_alive_ = std::chrono::seconds(15);
};

}  // namespace hocket::http
