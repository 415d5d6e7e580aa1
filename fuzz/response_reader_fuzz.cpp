// Whatever a server sends, the response reader must come to the same result when it gets it at once, in pieces, or with
// the head in its cache, and never take more than it was given.

#include "input.hpp"
#include "load/response_reader.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace {

using hocket::fuzz::require;
using namespace hocket::load;

struct Reading {
    ReadResult result;
    std::size_t consumed = 0;
};

// Feeds the data in pieces whose sizes come from `cuts`, over and over (none: all at once), each in memory of exactly
// its size, so that AddressSanitizer sees a read beyond. Bodies of known length are skipped where a cut is odd.
Reading read(ResponseReader& reader, const std::uint8_t* data, std::size_t size, const std::uint8_t* cuts,
             std::size_t cut_count, bool head_request) {
    reader.begin(head_request);
    Reading reading;
    for (std::size_t i = 0; reading.consumed < size; ++i) {
        const std::size_t left = size - reading.consumed;
        const std::size_t cut = cut_count == 0 ? left : cuts[i % cut_count];
        const std::size_t length = std::min(left, cut + (cut == 0));
        const std::uint64_t body = reader.body_remaining();
        if (cut_count != 0 && cut % 2 == 1 && body > 0) {
            reading.result = reader.skip(std::min<std::uint64_t>(body, length));
        } else {
            std::vector<char> piece(length);
            std::memcpy(piece.data(), data + reading.consumed, length);
            reading.result = reader.feed(piece.data(), length);
        }
        require(reading.result.consumed <= length);
        reading.consumed += reading.result.consumed;
        if (reading.result.state != ReadState::needs_more) return reading;
        require(reading.result.consumed != 0);
    }
    reading.result = reader.finish_eof();
    return reading;
}

void require_same(const Reading& a, const Reading& b) {
    require(a.result.state == b.result.state);
    if (a.result.state == ReadState::error) {
        require(std::strcmp(a.result.error, b.result.error) == 0);
    } else {
        require(a.consumed == b.consumed && a.result.status == b.result.status &&
                a.result.keep_alive == b.result.keep_alive);
    }
}

}  // namespace

// The input: a byte whose lowest bit says "in answer to HEAD" and whose others how many cuts follow, the cuts, the
// response.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const bool head_request = data[0] & 1;
    const std::size_t cut_count = std::min<std::size_t>((data[0] >> 1) % 8 + 1, size - 1);
    const std::uint8_t* cuts = data + 1;
    const std::uint8_t* response = cuts + cut_count;
    const std::size_t response_size = size - 1 - cut_count;

    ResponseContext plain(ResponseContext::Cache::off);
    ResponseReader reader(plain);
    const Reading whole = read(reader, response, response_size, nullptr, 0, head_request);
    require_same(whole, read(reader, response, response_size, cuts, cut_count, head_request));

    ResponseContext cached;
    ResponseReader first(cached);
    ResponseReader second(cached);
    require_same(whole, read(first, response, response_size, nullptr, 0, head_request));
    require_same(whole, read(second, response, response_size, nullptr, 0, head_request));
    require_same(whole, read(second, response, response_size, cuts, cut_count, head_request));
    return 0;
}
