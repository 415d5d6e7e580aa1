// Responses to bytes.
#pragma once
#include <cstddef>
#include <cstdint>
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
    bool has_rest() const noexcept { return !rest_.empty() || owes_last_chunk_ || file_left_ > 0; }
    /// What remains of a body that is not chunked: to be sent as it is, and then to be skipped().
    std::string_view plain_rest() const noexcept { return chunk_size_ == 0 ? rest_ : std::string_view(); }
    void skip(std::size_t size) noexcept { rest_.remove_prefix(size); }
    /// Appends the next piece of a chunked body.
    void append_chunks(std::string& output);
    /// What remains of a file: to be sent from there, and then to be skipped.
    std::uint64_t file_left() const noexcept { return file_left_; }
    void skip_file(std::uint64_t size) noexcept { file_left_ -= size; }

    /// Whether the body comes in pieces, of which there may be more.
    bool wants_pieces() const noexcept { return pieces_ != Pieces::none; }
    /// Appends the next one, or the end. False if they are not as long as was promised.
    bool append_piece(std::string& output, std::string_view piece);
    bool end_pieces(std::string& output);
    /// The size of the body, if it does not come in pieces.
    std::uint64_t body_size() const noexcept { return body_size_; }
    /// How much of it has not been appended, skipped or sent.
    std::uint64_t unsent() const noexcept { return rest_.size() + file_left_; }
    void reset() noexcept { *this = ResponseWriter(); }

private:
    enum class Pieces : std::uint8_t { none, chunked, counted, to_the_end };
    void begin_deferred(const DeferredBody& body, ResponseForm form);

    std::string_view rest_;
    std::size_t chunk_size_ = 0;  // 0: not chunked
    bool owes_last_chunk_ = false;
    Pieces pieces_ = Pieces::none;
    std::uint64_t pieces_left_ = 0;  // in bytes, if counted
    std::uint64_t file_left_ = 0;
    std::uint64_t body_size_ = 0;
};

/// "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n" for now; made anew when the second has changed. Valid until the next call
/// in the same thread.
std::string_view date_line();

}  // namespace hocket::http::detail
