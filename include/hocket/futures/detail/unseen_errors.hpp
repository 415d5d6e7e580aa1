// What a map() does with exceptions that nobody has asked for.
#pragma once
#include <cstddef>
#include <exception>

namespace hocket::detail {

/// Counts them, and reports them at its end, in one report: there may be thousands.
class UnseenErrors {
public:
    UnseenErrors() noexcept = default;
    UnseenErrors(const UnseenErrors&) = delete;
    UnseenErrors& operator=(const UnseenErrors&) = delete;
    ~UnseenErrors() {
        if (count_ != 0) report();
    }
    void add(const std::exception_ptr& error) noexcept {
        if (count_++ == 0) first_ = error;
    }

private:
    void report() const noexcept;
    std::exception_ptr first_;
    std::size_t count_ = 0;
};

}  // namespace hocket::detail
