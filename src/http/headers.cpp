#include "hocket/http/headers.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace hocket::http {
namespace {

constexpr std::array<bool, 256> kTokenCharacters = [] {
    std::array<bool, 256> table{};
    for (int c = '0'; c <= '9'; ++c) table[static_cast<std::size_t>(c)] = true;
    for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<std::size_t>(c)] = true;
    for (int c = 'a'; c <= 'z'; ++c) table[static_cast<std::size_t>(c)] = true;
    for (const char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] = true;
    return table;
}();

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

}  // namespace

bool is_token(std::string_view name) noexcept {
    return !name.empty() && std::all_of(name.begin(), name.end(),
                                        [](char c) { return kTokenCharacters[static_cast<unsigned char>(c)]; });
}

bool is_field_value(std::string_view value) noexcept {
    return std::all_of(value.begin(), value.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
    });
}

bool equal_names(std::string_view left, std::string_view right) noexcept {
    return left.size() == right.size() &&
           std::equal(left.begin(), left.end(), right.begin(), [](char a, char b) { return lower(a) == lower(b); });
}

std::string_view Headers::get(std::string_view name) const noexcept {
    for (const HeaderField field : *this) {
        if (equal_names(field.name, name)) return field.value;
    }
    return {};
}

bool Headers::contains(std::string_view name) const noexcept {
    return std::any_of(entries_.begin(), entries_.end(),
                       [&](const Entry& entry) { return equal_names(field(entry).name, name); });
}

void Headers::add(std::string_view name, std::string_view value) {
    if (!is_token(name)) {
        throw std::invalid_argument("hocket: \"" + std::string(name) +
                                    "\" cannot be the name of a header field; it takes letters, digits and dashes");
    }
    if (!is_field_value(value)) {
        throw std::invalid_argument("hocket: the value for the header field " + std::string(name) +
                                    " holds a control character, such as a line break; remove or encode it");
    }
    Entry entry{};
    entry.name = static_cast<std::uint32_t>(text_.size());
    entry.name_size = static_cast<std::uint32_t>(name.size());
    entry.value = static_cast<std::uint32_t>(text_.size() + name.size());
    entry.value_size = static_cast<std::uint32_t>(value.size());
    text_.append(name).append(value);
    entries_.push_back(entry);
}

void Headers::set(std::string_view name, std::string_view value) {
    const std::string kept(value);  // it may be a view into this list
    const std::string kept_name(name);
    remove(kept_name);
    add(kept_name, kept);
}

std::size_t Headers::remove(std::string_view name) noexcept {
    const std::size_t removed =
        std::erase_if(entries_, [&](const Entry& entry) { return equal_names(field(entry).name, name); });
    if (entries_.empty()) text_.clear();
    return removed;
}

void Headers::clear() noexcept {
    text_.clear();
    entries_.clear();
}

}  // namespace hocket::http
