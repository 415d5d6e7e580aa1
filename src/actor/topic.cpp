#include "hocket/actor/detail/topic.hpp"

#include <stdexcept>

namespace hocket::detail {
namespace {

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

// The first word of `rest`, which it takes away with its dot; `last` says whether nothing is left.
std::string_view next_word(std::string_view& rest, bool& last) noexcept {
    const std::size_t dot = rest.find('.');
    const std::string_view word = rest.substr(0, dot);
    last = dot == std::string_view::npos;
    rest.remove_prefix(last ? rest.size() : dot + 1);
    return word;
}

}  // namespace

TopicPattern::TopicPattern(std::string_view pattern) : text_(pattern) {
    std::string_view rest = pattern;
    exact_ = true;
    for (bool last = false; !last;) {
        const std::string_view word = next_word(rest, last);
        if (word.empty())
            throw std::invalid_argument("hocket: the topic pattern " + quoted(pattern) + " has an empty word");
        if (word == ">") {
            if (!last)
                throw std::invalid_argument("hocket: in the topic pattern " + quoted(pattern) +
                                            " something follows '>', which stands for all the rest");
            open_ = true;
            exact_ = false;
            return;
        }
        if (word == "*") exact_ = false;
        words_.emplace_back(word);
    }
}

bool TopicPattern::matches(std::string_view topic) const noexcept {
    if (exact_) return topic == text_;
    if (topic.empty()) return false;
    bool last = false;
    for (const std::string& word : words_) {
        if (last) return false;
        const std::string_view found = next_word(topic, last);
        if (word != "*" && word != found) return false;
    }
    return open_ ? !last : last;
}

void check_topic(std::string_view topic) {
    std::string_view rest = topic;
    for (bool last = false; !last;) {
        const std::string_view word = next_word(rest, last);
        if (word.empty()) throw std::invalid_argument("hocket: the topic " + quoted(topic) + " has an empty word");
        if (word == "*" || word == ">")
            throw std::invalid_argument("hocket: the topic " + quoted(topic) +
                                        " has a wildcard, which is for subscribers; to send, name one topic");
    }
}

}  // namespace hocket::detail
