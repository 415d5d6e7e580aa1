// The errors that every part of the library throws.
#pragma once
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace hocket {

/// Thrown by the current or next wait of a cancelled task or thread. It carries who asked and why.
/// Deliberately not a std::exception, so that `catch (const std::exception&)` does not swallow it.
class CancelledError {
public:
    explicit CancelledError(std::string reason = {}, std::string by = {});
    /// The reason given to cancel(); empty when none was given.
    const std::string& reason() const noexcept { return texts_->first; }
    /// Who called cancel(): "task 'main'" or "thread 'MainThread'"; empty when the library did, such as by a time limit
    /// or for a group in which something has failed.
    const std::string& by() const noexcept { return texts_->second; }
    /// "cancelled by <by()>: <reason()>", less what is not known.
    std::string message() const;

private:
    std::shared_ptr<const std::pair<std::string, std::string>> texts_;  // shared: copying an exception must not throw
};

/// A time limit ran out: of timeout(), of a `_for` form that throws, of a connection attempt.
class TimeoutError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// An operation that the object's present state forbids: a result set twice, a loop run inside itself.
class InvalidStateError : public std::logic_error {
public:
    using std::logic_error::logic_error;
};

/// A wait that could never end, because what it waits for waits for the waiter.
class DeadlockError : public std::logic_error {
public:
    using std::logic_error::logic_error;
};

/// acquire() was asked for something that comes before what this thread or task has acquired already, which could
/// deadlock with somebody who takes them in order.
class LockOrderError : public std::logic_error {
public:
    using std::logic_error::logic_error;
};

/// A Barrier was aborted or reset, or somebody's time was up, while threads or tasks waited at it.
class BrokenBarrierError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// A queue that was shut down takes no more items, or has none left to give.
class QueueShutDown : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Several errors that happened at the same time, such as those of the children of a task group.
class ExceptionGroup : public std::runtime_error {
public:
    /// `exceptions` must not be empty and holds no null pointer.
    ExceptionGroup(const std::string& message, std::vector<std::exception_ptr> exceptions);
    /// The errors in the order in which they happened.
    const std::vector<std::exception_ptr>& exceptions() const noexcept { return *exceptions_; }
    /// The errors of type E and of the types derived from it, those of groups inside this one included, in their
    /// order.
    template <class E>
    std::vector<std::exception_ptr> of_type() const {
        return split(is<E>).first;
    }
    /// The others.
    template <class E>
    std::vector<std::exception_ptr> not_of_type() const {
        return split(is<E>).second;
    }

private:
    using Errors = std::vector<std::exception_ptr>;
    template <class E>
    static bool is(const std::exception_ptr& error) {
        try {
            std::rethrow_exception(error);
        } catch (const E&) {
            return true;
        } catch (...) {
            return false;
        }
    }
    // Those to which `matches` applies, and the rest.
    std::pair<Errors, Errors> split(bool (*matches)(const std::exception_ptr&)) const;
    std::shared_ptr<const Errors> exceptions_;
};

/// What `error` says in words: what() of a std::exception, message() of a CancelledError, otherwise "unknown
/// exception".
std::string describe(const std::exception_ptr& error);

}  // namespace hocket
