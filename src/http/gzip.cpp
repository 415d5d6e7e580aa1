#include "http/gzip.hpp"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>

namespace hocket::http::detail {

struct GzipStream::State {
    State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() { ::deflateEnd(&stream); }
    z_stream stream{};
};

GzipStream::GzipStream(int level) : state_(std::make_unique<State>()) {
    constexpr int kGzip = 16;  // added to the bits of the window
    constexpr int kMemory = 8;
    if (::deflateInit2(&state_->stream, level, Z_DEFLATED, MAX_WBITS + kGzip, kMemory, Z_DEFAULT_STRATEGY) != Z_OK)
        throw std::bad_alloc();
}

GzipStream::GzipStream(GzipStream&&) noexcept = default;
GzipStream::~GzipStream() = default;

std::string GzipStream::add(std::string_view text, Upto upto) {
    constexpr std::size_t kRoom = 16 * 1024;
    z_stream& stream = state_->stream;
    std::string compressed;
    do {
        const std::size_t size = std::min<std::size_t>(text.size(), std::numeric_limits<uInt>::max());
        stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
        stream.avail_in = static_cast<uInt>(size);
        text.remove_prefix(size);
        const int flush = !text.empty() ? Z_NO_FLUSH : upto == Upto::end ? Z_FINISH : Z_SYNC_FLUSH;
        do {
            const std::size_t before = compressed.size();
            compressed.resize(before + kRoom);
            stream.next_out = reinterpret_cast<Bytef*>(compressed.data() + before);
            stream.avail_out = static_cast<uInt>(kRoom);
            ::deflate(&stream, flush);
            compressed.resize(before + kRoom - stream.avail_out);
        } while (stream.avail_out == 0);
    } while (!text.empty());
    return compressed;
}

}  // namespace hocket::http::detail
