#include "hocket/http/event_stream.hpp"

#include <algorithm>
#include <stdexcept>

#include "http/deferred_body.hpp"
#include "http/transformed.hpp"

namespace hocket::http {
namespace {

void check(std::string_view what, std::string_view text, std::string_view forbidden) {
    if (text.find_first_of(forbidden) == std::string_view::npos) return;
    throw std::invalid_argument("hocket: the " + std::string(what) + " of an event cannot hold a line break or a NUL");
}

std::string text_of(const std::optional<ServerSentEvent>& event) { return event ? event->text() : std::string(); }

}  // namespace

ServerSentEvent::ServerSentEvent(std::string data) : data_(std::move(data)) {}

ServerSentEvent& ServerSentEvent::name(std::string_view name) {
    check("name", name, std::string_view("\r\n\0", 3));
    fields_.append("event: ").append(name).append("\n");
    return *this;
}

ServerSentEvent& ServerSentEvent::id(std::string_view id) {
    check("id", id, std::string_view("\r\n\0", 3));
    fields_.append("id: ").append(id).append("\n");
    return *this;
}

ServerSentEvent& ServerSentEvent::retry(std::chrono::milliseconds pause) {
    fields_.append("retry: ").append(std::to_string(std::max<std::int64_t>(pause.count(), 0))).append("\n");
    return *this;
}

std::string ServerSentEvent::text() const {
    std::string text = fields_;
    std::string_view rest = data_;
    for (;;) {
        const std::size_t end = std::min(rest.find_first_of("\r\n"), rest.size());
        text.append("data: ").append(rest.substr(0, end)).append("\n");
        rest.remove_prefix(end);
        if (rest.empty()) break;
        rest.remove_prefix(rest.starts_with("\r\n") ? 2 : 1);
    }
    return text.append("\n");
}

EventStream& EventStream::keep_alive(Duration pause) noexcept {
    keep_alive_ = pause;
    return *this;
}

Response EventStream::response() {
    Response response = Response::stream(200, detail::transformed(std::move(events_), text_of), "text/event-stream");
    response.set_header("Cache-Control", "no-store");
    response.set_header("X-Accel-Buffering", "no");  // nginx would keep events until its buffer is full
    response.deferred_->keep_alive = keep_alive_;
    return response;
}

}  // namespace hocket::http
