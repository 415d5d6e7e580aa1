// StatusError: an error that has a response of its own.
#pragma once
#include <stdexcept>
#include <string>

namespace hocket::http {

/// Thrown by a handler, it becomes a response with this status and its text, and is not reported:
/// `throw http::StatusError(404, "no such sensor")`. What Request and BodyReader throw for a client's mistake is one.
class StatusError : public std::runtime_error {
public:
    /// Throws std::invalid_argument if `status` is not from 400 to 599.
    StatusError(int status, const std::string& text);
    int status() const noexcept { return status_; }

private:
    int status_;
};

}  // namespace hocket::http
