// Text in URLs, decoded: %XX and, in queries, the plus sign.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace hocket::http::detail {

/// What a plus sign stands for: itself in a path, a space in a query (as HTML forms send it).
enum class Plus { itself, space };

/// Appends `text` to `decoded`, with each %XX as the byte that it stands for. False if a percent sign is not followed
/// by two hexadecimal digits; `decoded` then holds a part.
bool percent_decode(std::string_view text, Plus plus, std::string& decoded);

/// Goes through a query, "a=1&b=2", pair by pair.
class QueryReader {
public:
    explicit QueryReader(std::string_view query) noexcept : rest_(query) {}
    /// The next name and value, not decoded; nothing at the end. A name without "=" has an empty value; empty pairs are
    /// passed over.
    std::optional<std::pair<std::string_view, std::string_view>> next() noexcept;

private:
    std::string_view rest_;
};

}  // namespace hocket::http::detail
