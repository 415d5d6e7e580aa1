// What can be wrong with the content of a stream.
#pragma once
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>

namespace hocket {

/// The stream ended in the middle of what was to be read.
class IncompleteReadError : public std::runtime_error {
public:
    /// `expected`: bytes that were asked for; 0 when a separator was.
    IncompleteReadError(std::string partial, std::size_t expected);
    /// What came before the end; it is no longer in the stream.
    const std::string& partial() const noexcept { return *partial_; }
    std::size_t expected() const noexcept { return expected_; }

private:
    std::shared_ptr<const std::string> partial_;  // shared: copying an exception must not throw
    std::size_t expected_;
};

/// More came than the limit of a read allows. Nothing is lost: the bytes are still in the stream.
class LimitOverrunError : public std::runtime_error {
public:
    LimitOverrunError(std::size_t limit, std::size_t buffered);
    /// Bytes that can be read without waiting, for example to throw them away.
    std::size_t buffered() const noexcept { return buffered_; }

private:
    std::size_t buffered_;
};

}  // namespace hocket
