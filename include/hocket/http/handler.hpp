// What answers requests.
#pragma once
#include <functional>
#include <string>

#include "hocket/aio/task.hpp"
#include "hocket/http/message.hpp"
#include "hocket/http/status_error.hpp"

namespace hocket::http {

/// Answers a request that has come whole. Called on the server's loop, with a request that lives until the response is
/// sent. An exception becomes a response 500 and is reported; a StatusError becomes a response of its own. Cancelled
/// when the client goes away (noticed within a quarter of a second; one that has shut down its sending half counts as
/// gone) and when the server closes.
using Handler = std::function<Task<Response>(const Request& request)>;

namespace detail {
class BodySource;
}

/// The body of a request, as it comes. Reading slowly slows the client down. For one task at a time.
class BodyReader {
public:
    explicit BodyReader(detail::BodySource& source) noexcept : source_(&source) {}
    /// The next piece, of at most 64 KiB; "" at the end. Throws StatusError (400, 408, 413) if the body is malformed,
    /// does not come in time or is too large: let it out. Cancellation loses nothing.
    Task<std::string> read();
    /// All that is left. Throws StatusError (413) if that is more than `limit` bytes.
    Task<std::string> read_all(std::size_t limit);

private:
    detail::BodySource* source_;
};

/// Answers a request whose head has come, and reads the body itself. If it answers without having read all, the
/// connection ends after the response. A client that asks whether to send the body at all ("Expect: 100-continue") is
/// told so by the first read(). Otherwise as Handler.
using BodyHandler = std::function<Task<Response>(const Request& request, BodyReader& body)>;

}  // namespace hocket::http
