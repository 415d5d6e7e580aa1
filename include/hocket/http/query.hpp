// Text in URLs.
#pragma once
#include <concepts>
#include <string>
#include <string_view>

namespace hocket::http {

/// `text` as a part of a URL: all bytes but letters, digits and "-._~" as %XX (RFC 3986, section 2.3).
std::string percent_encode(std::string_view text);

/// Named values as they stand behind a URL's question mark, or in the body of a form: "q=two%20words&page=2".
class Query {
public:
    Query() = default;
    Query& add(std::string_view name, std::string_view value);
    template <class Number>
    requires(std::integral<Number> || std::floating_point<Number>) Query& add(std::string_view name, Number value) {
        return add(name, std::string_view(std::to_string(value)));
    }
    /// Adds all of `other`.
    Query& append(const Query& other);
    /// Encoded; empty if nothing was added.
    const std::string& text() const noexcept { return text_; }

private:
    std::string text_;
};

}  // namespace hocket::http
