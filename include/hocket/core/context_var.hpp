// ContextVar: a value that travels with the work: from a task to those it spawns, to threads and to jobs.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "hocket/core/detail/context.hpp"
#include "hocket/core/errors.hpp"

namespace hocket {

/// A variable with a value for each context, as in Python's contextvars. Each task and each Thread has a context of its
/// own, which begins as a copy of the one of whoever started it; what it sets is seen by itself and by what it starts
/// afterwards, not by others. Copying a context costs one pointer, setting a value a copy of the list of those set.
///
/// Usually a static object. Thread-safe: each context is changed by its own task or thread only.
template <class T>
class ContextVar {
public:
    /// What set() returns: brings the earlier value back by reset().
    class Token {
    public:
        Token(Token&&) noexcept = default;
        Token& operator=(Token&&) noexcept = default;

    private:
        friend class ContextVar;
        Token(std::uint64_t key, std::shared_ptr<const void> before) noexcept : key_(key), before_(std::move(before)) {}
        std::uint64_t key_;
        std::shared_ptr<const void> before_;
    };

    /// Without a default; `name` shows in errors.
    explicit ContextVar(std::string_view name) : name_(name) {}
    ContextVar(std::string_view name, T value_unless_set)
        : name_(name), default_(std::make_shared<const T>(std::move(value_unless_set))) {}
    explicit ContextVar(T value_unless_set) requires(!std::is_convertible_v<T, std::string_view>)
        : ContextVar("a context variable", std::move(value_unless_set)) {}
    ContextVar(const ContextVar&) = delete;
    ContextVar& operator=(const ContextVar&) = delete;

    const std::string& name() const noexcept { return name_; }
    /// A copy of the value in this context, or of the default. Throws InvalidStateError if there is neither.
    T get() const {
        if (const auto value = find()) return *value;
        throw InvalidStateError("hocket: '" + name_ + "' has no value in this context, and no default; set() it first");
    }
    /// The same with another default.
    T get(T value_unless_set) const {
        const auto value = find();
        return value ? *value : std::move(value_unless_set);
    }
    /// Sets the value in this context. The token may be dropped.
    Token set(T value) {
        return Token(key_, detail::exchange_context_value(key_, std::make_shared<const T>(std::move(value))));
    }
    /// Brings back what was there before the set() that gave the token, in the same context. Throws InvalidStateError
    /// for the token of another variable.
    void reset(Token token) {
        if (token.key_ != key_)
            throw InvalidStateError("hocket: reset() of '" + name_ + "' with a token of another variable");
        (void)detail::exchange_context_value(key_, std::move(token.before_));
    }

private:
    std::shared_ptr<const T> find() const noexcept {
        auto value = std::static_pointer_cast<const T>(detail::context_value(key_));
        return value ? value : default_;
    }
    const std::uint64_t key_ = detail::next_context_key();
    const std::string name_;
    const std::shared_ptr<const T> default_;
};

}  // namespace hocket
