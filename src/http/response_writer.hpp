// Responses to bytes.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "hocket/http/message.hpp"

namespace hocket::http::detail {

/// What the request and the connection have to say about the form of a response.
struct ResponseForm {
    bool to_head = false;  ///< of a HEAD request: no body
    bool to_1_0 = false;   ///< the client speaks HTTP/1.0: no chunks, and keeping the connection is to be said
    bool closes = false;   ///< it is the last response of its connection
};

/// The bytes of one response: appends them to an output, all at once if they are few, otherwise piece by piece.
class ResponseWriter {
public:
    ResponseWriter() = default;

    /// Appends the head of `response` and, if it is short, the body. What remains is a view into the response.
    void begin(std::string& output, const Response& response, ResponseForm form);
    /// Whether something remains.
    bool has_rest() const noexcept { return !rest_.empty() || owes_last_chunk_; }
    /// What remains of a body that is not chunked: to be sent as it is, and then to be skipped().
    std::string_view plain_rest() const noexcept { return chunk_size_ == 0 ? rest_ : std::string_view(); }
    void skip(std::size_t size) noexcept { rest_.remove_prefix(size); }
    /// Appends the next piece of a chunked body.
    void append_chunks(std::string& output);
    void reset() noexcept { *this = ResponseWriter(); }

private:
    std::string_view rest_;
    std::size_t chunk_size_ = 0;  // 0: not chunked
    bool owes_last_chunk_ = false;
};

/// "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n" for now; made anew when the second has changed. Valid until the next call
/// in the same thread.
std::string_view date_line();

}  // namespace hocket::http::detail
