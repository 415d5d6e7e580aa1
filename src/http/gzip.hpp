// gzip, by zlib.
#pragma once
#include <memory>
#include <string>
#include <string_view>

namespace hocket::http::detail {

/// Compresses a body in pieces (RFC 1952).
class GzipStream {
public:
    enum class Upto { piece, end };

    /// `level`: 1 (fast) to 9 (small). Throws std::bad_alloc.
    explicit GzipStream(int level);
    GzipStream(GzipStream&&) noexcept;
    GzipStream& operator=(GzipStream&&) = delete;
    ~GzipStream();

    /// Takes `text` and gives what can be decoded up to its end.
    std::string add(std::string_view text, Upto upto);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace hocket::http::detail
