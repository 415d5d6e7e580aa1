// What the tests of streams share.
#pragma once
#include "hocket/net/stream.hpp"
#include "net/net_fixture.hpp"

namespace hocket::test {

/// A stream and the plain socket at its other end, with which a test decides what arrives when.
class StreamAndPeer {
public:
    StreamAndPeer(Stream one, Socket other) : stream(std::move(one)), peer(std::move(other)) {}
    Stream stream;
    Socket peer;
};

inline Task<StreamAndPeer> stream_and_peer(Kind kind = Kind::tcp) {
    auto [first, second] = co_await connected(kind);
    co_return StreamAndPeer(Stream(std::move(first)), std::move(second));
}

/// The same with a stream at both ends.
inline Task<std::pair<Stream, Stream>> stream_pair(Kind kind = Kind::tcp) {
    auto [first, second] = co_await connected(kind);
    co_return std::pair<Stream, Stream>(Stream(std::move(first)), Stream(std::move(second)));
}

/// The exception of type E that `awaitable` ends with.
template <class E, class A>
Task<E> thrown_by(A awaitable) {
    try {
        (void)co_await std::move(awaitable);
    } catch (const E& error) {
        co_return error;
    }
    throw std::runtime_error("it did not throw what was expected");
}

/// Writes again and again until there is no room: the next write will wait.
inline std::size_t fill(const Stream& stream) {
    const std::string block(65536, 'x');
    std::size_t sent = 0;
    ssize_t now = 0;
    while ((now = ::send(stream.fileno(), block.data(), block.size(), MSG_DONTWAIT | MSG_NOSIGNAL)) > 0)
        sent += static_cast<std::size_t>(now);
    return sent;
}

}  // namespace hocket::test
