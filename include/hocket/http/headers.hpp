// Headers: the header fields of a message, in their order.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hocket::http {

namespace detail {
class RequestHead;
}

/// One header field; views into the Headers that it comes from.
struct HeaderField {
    std::string_view name;
    std::string_view value;
};

/// Whether `name` is a token (RFC 9110, section 5.6.2), as the names of header fields and methods must be.
bool is_token(std::string_view name) noexcept;
/// Whether `value` may stand in a header field: no control characters but the tab, hence no line break.
bool is_field_value(std::string_view value) noexcept;
/// Compares names of header fields: letters of either case are the same.
bool equal_names(std::string_view left, std::string_view right) noexcept;

/// Header fields in the order in which they were added; a name may occur several times. Names are compared without
/// regard to case. All text is in one string, so that a list that is emptied and filled again allocates nothing.
class Headers {
public:
    Headers() = default;

    std::size_t size() const noexcept { return entries_.size(); }
    bool empty() const noexcept { return entries_.empty(); }
    HeaderField operator[](std::size_t index) const noexcept { return field(entries_[index]); }

    /// The value of the first field of that name; empty if there is none.
    std::string_view get(std::string_view name) const noexcept;
    bool contains(std::string_view name) const noexcept;

    /// Adds a field at the end. Throws std::invalid_argument if the name is not a token or the value holds a control
    /// character, so that no value can add a field of its own.
    void add(std::string_view name, std::string_view value);
    /// Removes all fields of that name, then adds one.
    void set(std::string_view name, std::string_view value);
    /// Removes all fields of that name; gives how many there were.
    std::size_t remove(std::string_view name) noexcept;
    void clear() noexcept;

    class Iterator {
    public:
        using value_type = HeaderField;
        using difference_type = std::ptrdiff_t;
        Iterator() noexcept = default;
        Iterator(const Headers& headers, std::size_t index) noexcept : headers_(&headers), index_(index) {}
        HeaderField operator*() const noexcept { return (*headers_)[index_]; }
        Iterator& operator++() noexcept {
            ++index_;
            return *this;
        }
        Iterator operator++(int) noexcept {
            Iterator before = *this;
            ++index_;
            return before;
        }
        bool operator==(const Iterator&) const noexcept = default;

    private:
        const Headers* headers_ = nullptr;
        std::size_t index_ = 0;
    };
    Iterator begin() const noexcept { return Iterator(*this, 0); }
    Iterator end() const noexcept { return Iterator(*this, size()); }

private:
    friend class Request;
    friend class detail::RequestHead;
    struct Entry {
        std::uint32_t name;  // where it begins in text_
        std::uint32_t name_size;
        std::uint32_t value;
        std::uint32_t value_size;
    };
    HeaderField field(const Entry& entry) const noexcept {
        const std::string_view text = text_;
        return {text.substr(entry.name, entry.name_size), text.substr(entry.value, entry.value_size)};
    }

    std::string text_;
    std::vector<Entry> entries_;
};

}  // namespace hocket::http
