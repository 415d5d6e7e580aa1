#include "http/compression.hpp"

#include <algorithm>
#include <array>

#include "hocket/aio/to_thread.hpp"
#include "http/deferred_body.hpp"
#include "http/gzip.hpp"
#include "http/list_elements.hpp"
#include "http/transformed.hpp"

namespace hocket::http::detail {
namespace {

constexpr std::size_t kInThread = 128 * 1024;  // what takes longer than a millisecond or two

// "text/html" of "text/html; charset=utf-8"
std::string_view media_type(std::string_view content_type) noexcept {
    return trimmed(content_type.substr(0, content_type.find(';')));
}

// Types of text. Pictures, videos and archives are compressed already.
bool shrinks(std::string_view type) noexcept {
    constexpr std::array<std::string_view, 6> kTypes{"application/json", "application/javascript",
                                                     "application/xml",  "image/svg+xml",
                                                     "application/wasm", "application/x-ndjson"};
    if (type.size() >= 5 && equal_names(type.substr(0, 5), "text/")) return true;
    if (type.ends_with("+json") || type.ends_with("+xml")) return true;
    return std::any_of(kTypes.begin(), kTypes.end(), [&](std::string_view known) { return equal_names(type, known); });
}

// Whether an element such as "gzip;q=0.5" has a weight above 0.
bool has_weight(std::string_view parameters) noexcept {
    const std::size_t at = parameters.find("q=");
    if (at == std::string_view::npos) return true;
    return parameters.substr(at + 2).find_first_of("123456789") != std::string_view::npos;
}

std::string compress(std::string text, int level) { return GzipStream(level).add(text, GzipStream::Upto::end); }

// Changes pieces of text to pieces that are compressed.
class GzipPieces {
public:
    explicit GzipPieces(int level) : gzip_(level) {}
    std::string operator()(const std::optional<std::string>& piece) {
        return piece ? gzip_.add(*piece, GzipStream::Upto::piece) : gzip_.add({}, GzipStream::Upto::end);
    }

private:
    GzipStream gzip_;
};

bool varies_by_encoding(const Headers& headers) {
    for (const HeaderField field : headers) {
        if (!equal_names(field.name, "Vary")) continue;
        ListElements elements(field.value);
        while (const auto element = elements.next()) {
            if (*element == "*" || equal_names(*element, "Accept-Encoding")) return true;
        }
    }
    return false;
}

}  // namespace

bool Compression::accepted_by(const Request& request) noexcept {
    bool others = false;  // by "*"
    for (const HeaderField field : request.headers()) {
        if (!equal_names(field.name, "Accept-Encoding")) continue;
        ListElements elements(field.value);
        while (const auto element = elements.next()) {
            const std::size_t semicolon = std::min(element->find(';'), element->size());
            const std::string_view coding = trimmed(element->substr(0, semicolon));
            const bool wanted = has_weight(element->substr(semicolon));
            if (equal_names(coding, "gzip") || equal_names(coding, "x-gzip")) return wanted;
            if (coding == "*") others = wanted;
        }
    }
    return others;
}

bool Compression::is_worth_it(const Response& response) const {
    if (response.status_ == 204 || response.status_ == 206 || response.status_ == 304) return false;
    const DeferredBody* deferred = response.deferred_.get();
    if (deferred ? !deferred->pieces || deferred->keep_alive > Duration::zero() : response.body().size() < min_bytes_)
        return false;
    return shrinks(media_type(response.header("Content-Type"))) && !response.headers_.contains("Content-Encoding") &&
           response.headers_.get("Cache-Control").find("no-transform") == std::string_view::npos;
}

Task<void> Compression::apply(const Request& request, Response& response) const {
    if (!varies_by_encoding(response.headers_)) response.headers_.add("Vary", "Accept-Encoding");
    if (!accepted_by(request)) co_return;
    if (response.deferred_) {
        if (std::exchange(response.deferred_->sent, true)) co_return;
        // A new one, since another copy of the response may be sent to somebody who does not accept this.
        auto pieces = std::move(*response.deferred_->pieces);
        response.deferred_ = std::make_shared<DeferredBody>(transformed(std::move(pieces), GzipPieces(level_)));
    } else {
        std::string text = response.shared_body_ ? *response.shared_body_ : std::move(response.body_);
        const bool large = text.size() >= kInThread;
        response.shared_body_.reset();
        if (large) {
            response.body_ = co_await to_thread(compress, std::move(text), level_);
        } else {
            response.body_ = compress(std::move(text), level_);
        }
    }
    response.headers_.add("Content-Encoding", "gzip");
    // The same tag must not stand for two sequences of bytes.
    const std::string tag(response.headers_.get("ETag"));
    if (tag.starts_with('"')) response.headers_.set("ETag", "W/" + tag);
}

}  // namespace hocket::http::detail
