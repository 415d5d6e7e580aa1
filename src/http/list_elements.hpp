// Comma-separated lists in header fields (RFC 9110, section 5.6.1).
#pragma once
#include <algorithm>
#include <optional>
#include <string_view>

namespace hocket::http::detail {

/// Without blanks and tabs at both ends.
inline std::string_view trimmed(std::string_view text) noexcept {
    const std::size_t begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// Goes through a list; empty elements are passed over.
class ListElements {
public:
    explicit ListElements(std::string_view list) noexcept : rest_(list) {}
    std::optional<std::string_view> next() noexcept {
        while (!rest_.empty()) {
            const std::size_t comma = std::min(rest_.find(','), rest_.size());
            const std::string_view element = trimmed(rest_.substr(0, comma));
            rest_.remove_prefix(std::min(comma + 1, rest_.size()));
            if (!element.empty()) return element;
        }
        return std::nullopt;
    }

private:
    std::string_view rest_;
};

}  // namespace hocket::http::detail
