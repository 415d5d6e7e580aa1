// A value or the error that came instead of it.
#pragma once
#include <exception>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "hocket/core/errors.hpp"

namespace hocket {
namespace detail {

struct Nothing {};

// How an Outcome keeps a T: references as pointers; over-aligned objects on the heap, since coroutine frames are
// aligned to 16 only.
template <class T>
struct Stored {
    static constexpr bool boxed = alignof(T) > 16;
    using Type = std::conditional_t<boxed, std::unique_ptr<T>, T>;
};
template <class T>
struct Stored<T&> {
    static constexpr bool boxed = false;
    using Type = T*;
};
template <>
struct Stored<void> {
    static constexpr bool boxed = false;
    using Type = Nothing;
};

}  // namespace detail

/// How something ended: with a value, with an error, or not yet. T may be a reference or void. Not thread-safe.
template <class T>
class Outcome {
    using Stored = typename detail::Stored<T>::Type;
    static constexpr bool kBoxed = detail::Stored<T>::boxed;

public:
    /// What value() returns for an lvalue.
    using Reference = std::add_lvalue_reference_t<T>;
    using ConstReference = std::add_lvalue_reference_t<const T>;

    Outcome() noexcept : error_() {}
    Outcome(Outcome&& other) noexcept(std::is_nothrow_move_constructible_v<Stored>) : error_() { take_from(other); }
    Outcome& operator=(Outcome&& other) noexcept(std::is_nothrow_move_constructible_v<Stored>) {
        if (this != &other) {
            reset();
            take_from(other);
        }
        return *this;
    }
    ~Outcome() { destroy(); }

    bool has_value() const noexcept { return has_value_; }
    /// The error; null while there is a value or nothing yet.
    std::exception_ptr error() const noexcept { return has_value_ ? nullptr : error_; }

    /// The value; throws the error when there is one, InvalidStateError when there is nothing yet.
    Reference value() & {
        check();
        if constexpr (std::is_void_v<T>) {
            return;
        } else if constexpr (std::is_reference_v<T> || kBoxed) {
            return *value_;
        } else {
            return value_;
        }
    }
    /// The value, moved out.
    T value() && {
        check();
        if constexpr (std::is_void_v<T>) {
            return;
        } else if constexpr (std::is_reference_v<T>) {
            return *value_;
        } else if constexpr (kBoxed) {
            return std::move(*value_);
        } else {
            return std::move(value_);
        }
    }

    template <class... Arguments>
    void set_value(Arguments&&... arguments) {
        reset();
        emplace([&](void* place) {
            if constexpr (std::is_reference_v<T>) {
                ::new (place) Stored(std::addressof(arguments)...);
            } else if constexpr (kBoxed) {
                ::new (place) Stored(new T(std::forward<Arguments>(arguments)...));
            } else if constexpr (std::is_void_v<T>) {
                ::new (place) Stored();
            } else {
                ::new (place) Stored(std::forward<Arguments>(arguments)...);
            }
        });
    }
    void set_error(std::exception_ptr error) noexcept {
        reset();
        error_ = std::move(error);
    }

private:
    void check() const {
        if (has_value_) return;
        if (error_) std::rethrow_exception(error_);
        throw InvalidStateError("hocket: there is no result yet");
    }
    void take_from(Outcome& other) {
        if (other.has_value_) {
            emplace([&](void* place) { ::new (place) Stored(std::move(other.value_)); });
        } else {
            error_ = other.error_;
        }
    }
    // Puts a value in the place of no value and no error, which it leaves if `construct` throws.
    template <class Construct>
    void emplace(Construct construct) {
        error_.~exception_ptr();
        try {
            construct(static_cast<void*>(std::addressof(value_)));
        } catch (...) {
            ::new (static_cast<void*>(std::addressof(error_))) std::exception_ptr();
            throw;
        }
        has_value_ = true;
    }
    void destroy() noexcept {
        if (has_value_) {
            value_.~Stored();
        } else {
            error_.~exception_ptr();
        }
    }
    void reset() noexcept {
        destroy();
        ::new (static_cast<void*>(std::addressof(error_))) std::exception_ptr();
        has_value_ = false;
    }

    union {
        std::exception_ptr error_;
        Stored value_;
    };
    bool has_value_ = false;
};

}  // namespace hocket
