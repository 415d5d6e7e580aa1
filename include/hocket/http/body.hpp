// Body: what a Client sends with a request.
#pragma once
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "hocket/aio/async_generator.hpp"
#include "hocket/http/query.hpp"

namespace hocket::http {

/// The body of a request: text as a whole, or pieces from a generator. Move-only.
class Body {
public:
    /// None.
    Body() = default;
    Body(std::string text) : text_(std::make_shared<const std::string>(std::move(text))) {}
    Body(std::string_view text) : Body(std::string(text)) {}
    Body(const char* text) : Body(std::string(text)) {}
    Body(Body&&) = default;
    Body& operator=(Body&&) = default;

    /// Pieces as they come, sent in chunks or, with HTTP/2, frames. If their sizes' sum is known beforehand, the server
    /// is told. The generator runs in the task that makes the request, at the pace at which the server takes the
    /// pieces, and is closed (AsyncGenerator::async_close()) when the request ends, whichever way. Such a request can
    /// neither be retried nor redirected with its body once the generator has begun.
    Body(AsyncGenerator<std::string> pieces, std::optional<std::uint64_t> size = std::nullopt)
        : pieces_(std::move(pieces)), size_(size) {}

    /// JSON, written as text already.
    static Body json(std::string text) { return Body(std::move(text), "application/json"); }
    /// JSON, from any value that is written by `value.dump()`, such as nlohmann::json.
    template <class Value>
    requires requires(const Value& value) {
        { value.dump() } -> std::convertible_to<std::string>;
    }
    static Body json(const Value& value) { return json(std::string(value.dump())); }
    /// What a form sends: application/x-www-form-urlencoded.
    static Body form(const Query& fields) { return Body(fields.text(), "application/x-www-form-urlencoded"); }
    /// Any other kind. Throws std::invalid_argument if `content_type` cannot stand in a header.
    Body(std::string text, std::string_view content_type);

    // For the library.
    const std::shared_ptr<const std::string>& text() const noexcept { return text_; }
    bool has_pieces() const noexcept { return pieces_.has_value(); }
    AsyncGenerator<std::string>& pieces() noexcept { return *pieces_; }
    std::optional<std::uint64_t> size() const noexcept { return size_; }
    /// Empty: not told.
    const std::string& content_type() const noexcept { return content_type_; }

private:
    std::shared_ptr<const std::string> text_;
    std::optional<AsyncGenerator<std::string>> pieces_;
    std::optional<std::uint64_t> size_;
    std::string content_type_;
};

}  // namespace hocket::http
