// What goes wrong with work in other processes.
#pragma once
#include <concepts>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <typeinfo>

#include "hocket/futures/errors.hpp"
#include "hocket/process/archive.hpp"

namespace hocket {

/// An exception that a job has thrown in another process. what() has its type and text, and where it comes from.
class RemoteError : public std::runtime_error {
public:
    /// For the library.
    RemoteError(std::string type, std::string message, const std::string& where, std::exception_ptr original);

    /// The type of the exception in the other process, as in "std::out_of_range".
    const std::string& type() const noexcept { return details_->type; }
    /// Its what(); "" for what is no std::exception.
    const std::string& message() const noexcept { return details_->message; }
    /// The exception as it was thrown; null if its type is not known here. Known are the exceptions of the standard
    /// library and of Hocket, and those with a RegisteredException.
    std::exception_ptr original() const noexcept { return details_->original; }
    /// Throws the original, or else this.
    [[noreturn]] void rethrow_original() const;

private:
    struct Details {
        std::string type;
        std::string message;
        std::exception_ptr original;
    };
    std::shared_ptr<const Details> details_;  // shared: copying an exception must not throw
};

/// A worker process has ended while it ran a job, or the pool has been given up because of that. what() says how the
/// worker ended.
class BrokenProcessPool : public BrokenExecutor {
public:
    explicit BrokenProcessPool(const std::string& what, int pid = 0, int exit_code = 0)
        : BrokenExecutor(what), pid_(pid), exit_code_(exit_code) {}
    /// The worker's; 0 if there was none.
    int pid() const noexcept { return pid_; }
    /// The worker's exit code, or -N if the signal N has killed it.
    int exit_code() const noexcept { return exit_code_; }

private:
    int pid_;
    int exit_code_;
};

namespace detail {

/// How the exceptions of one type travel.
struct ExceptionKind {
    const std::type_info* type;
    /// Writes the exception that is being handled, an E.
    void (*write)(Payload& payload);
    /// Makes it again.
    std::exception_ptr (*read)(PayloadReader& payload);
};
void register_exception(const ExceptionKind& kind);

template <class E>
ExceptionKind exception_kind() {
    constexpr bool from_text = std::constructible_from<E, const std::string&> && std::derived_from<E, std::exception>;
    if constexpr (Transferable<E> && !CopiedBytewise<E>) {
        return {&typeid(E),
                [](Payload& payload) {
                    try {
                        throw;
                    } catch (const E& error) {
                        write_value(payload, error);
                    }
                },
                [](PayloadReader& payload) { return std::make_exception_ptr(read_value<E>(payload)); }};
    } else {
        static_assert(from_text,
                      "hocket: an exception can be registered if it is a std::exception that can be made from its "
                      "what(), a std::string, or if it has serialize() and a default constructor");
        return {&typeid(E),
                [](Payload& payload) {
                    try {
                        throw;
                    } catch (const E& error) {
                        write_value(payload, std::string(error.what()));
                    }
                },
                [](PayloadReader& payload) { return std::make_exception_ptr(E(read_value<std::string>(payload))); }};
    }
}

}  // namespace detail

/// Lets RemoteError::original() give exceptions of type E as they were: define one with static storage duration, so
/// that both sides have it. E is made again from its what(), or serialised if it has serialize().
///
///     const hk::RegisteredException<ParseError> parse_errors;
template <class E>
class RegisteredException {
public:
    RegisteredException() { detail::register_exception(detail::exception_kind<E>()); }
};

}  // namespace hocket
