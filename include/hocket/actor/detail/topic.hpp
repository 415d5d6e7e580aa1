// Topics and the patterns that choose among them.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace hocket::detail {

/// A pattern over topics, which are words with dots in between: `*` stands for one word, `>` at the end for one or
/// more.
class TopicPattern {
public:
    /// Throws std::invalid_argument for an empty word, and for `>` that is not the last one.
    explicit TopicPattern(std::string_view pattern);
    bool matches(std::string_view topic) const noexcept;
    const std::string& text() const noexcept { return text_; }

private:
    std::string text_;
    std::vector<std::string> words_;  // without the `>`
    bool open_ = false;               // ends in `>`
    bool exact_ = false;              // no wildcard at all
};

/// Throws std::invalid_argument for a topic with an empty word or a wildcard.
void check_topic(std::string_view topic);

}  // namespace hocket::detail
