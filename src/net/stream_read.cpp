// Reading from a stream.
#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "net/stream_core.hpp"

namespace hocket {
namespace detail {

StreamCore::Reading::Reading(StreamCore& core) : core_(core) {
    if (core.reading_)
        throw InvalidStateError("hocket: another task reads from this stream; let one task read and share what it got");
    core.reading_ = true;
}

std::string StreamCore::take(std::size_t size) {
    std::string taken(buffer.data().substr(0, size));
    buffer.consume(taken.size());
    return taken;
}

namespace {

using Core = std::shared_ptr<StreamCore>;

constexpr std::size_t kCopied = ReadBuffer::kLarge;  // longer reads go past the buffer

Task<std::string> read(Core core, std::size_t max) {
    const StreamCore::Reading reading(*core);
    if (core->buffer.empty() && max > 0) (void)co_await core->fill();
    co_return core->take(max);
}

Task<std::size_t> read_into(Core core, std::span<char> room) {
    const StreamCore::Reading reading(*core);
    if (room.empty()) co_return 0;
    if (core->buffer.empty() && room.size() >= ReadBuffer::kSmall) co_return co_await core->transport->read_some(room);
    if (core->buffer.empty()) (void)co_await core->fill();
    const std::string_view bytes = core->buffer.data().substr(0, room.size());
    std::memcpy(room.data(), bytes.data(), bytes.size());
    core->buffer.consume(bytes.size());
    co_return bytes.size();
}

// Finds a separator in what grows at its end.
class Search {
public:
    Search(const std::string& separator, std::size_t limit) : separator_(separator), limit_(limit) {
        if (separator.empty()) throw std::invalid_argument("hocket: read_until() needs a separator that is not empty");
    }
    /// The size of what ends with the separator; nothing if it is not there yet. Throws LimitOverrunError.
    std::optional<std::size_t> look(std::string_view data) {
        const std::size_t found = data.find(separator_, searched_);
        const std::size_t size = found == std::string_view::npos ? data.size() + 1 : found + separator_.size();
        if (size > limit_) throw LimitOverrunError(limit_, data.size());
        if (found != std::string_view::npos) return size;
        searched_ = data.size() - std::min(data.size(), separator_.size() - 1);
        return std::nullopt;
    }

private:
    const std::string& separator_;
    const std::size_t limit_;
    std::size_t searched_ = 0;
};

Task<std::optional<std::string>> read_until(Core core, std::string separator, std::size_t limit) {
    const StreamCore::Reading reading(*core);
    Search search(separator, limit);
    for (;;) {
        if (const std::optional<std::size_t> size = search.look(core->buffer.data())) co_return core->take(*size);
        const bool more = co_await core->fill();
        if (more) continue;
        if (core->buffer.empty()) co_return std::nullopt;
        throw IncompleteReadError(core->take(limit), 0);
    }
}

std::string without_end(std::string line) {
    if (line.ends_with('\n')) line.pop_back();
    if (line.ends_with('\r')) line.pop_back();
    return line;
}

Task<std::optional<std::string>> read_line(Core core, std::size_t limit) {
    static const std::string newline = "\n";
    const StreamCore::Reading reading(*core);
    Search search(newline, limit);
    for (;;) {
        if (const std::optional<std::size_t> size = search.look(core->buffer.data()))
            co_return without_end(core->take(*size));
        const bool more = co_await core->fill();
        if (more) continue;
        if (core->buffer.empty()) co_return std::nullopt;
        co_return core->take(limit);
    }
}

// A long read, received into its own memory, which grows as the bytes come: who asked for them may have been told any
// size. What is left unread at an early end goes back into the stream.
class LongRead {
public:
    LongRead(StreamCore& core, std::size_t size) : core_(core), size_(size) {
        result_ = core.take(core.buffer.size());
        filled_ = result_.size();
    }
    LongRead(const LongRead&) = delete;
    LongRead& operator=(const LongRead&) = delete;
    ~LongRead() {
        try {
            core_.buffer.append(std::string_view(result_).substr(0, filled_));
        } catch (...) {
            core_.transport->abort();  // no memory: better no stream than one with a hole
        }
    }
    bool complete() const noexcept { return filled_ == size_; }
    std::span<char> room() {
        if (filled_ == result_.size()) result_.resize(std::min(size_, std::max(2 * filled_, kCopied)));
        return std::span<char>(result_).subspan(filled_);
    }
    void received(std::size_t size) noexcept { filled_ += size; }
    std::string finish() {
        result_.resize(std::exchange(filled_, 0));
        return std::move(result_);
    }

private:
    StreamCore& core_;
    const std::size_t size_;
    std::string result_;
    std::size_t filled_ = 0;
};

Task<std::string> read_exactly(Core core, std::size_t size) {
    const StreamCore::Reading reading(*core);
    if (size <= kCopied) {
        while (core->buffer.size() < size) {
            const bool more = co_await core->fill();
            if (!more) throw IncompleteReadError(core->take(size), size);
        }
    }
    if (core->buffer.size() >= size) co_return core->take(size);
    LongRead read(*core, size);
    while (!read.complete()) {
        const std::size_t received = co_await core->transport->read_some(read.room());
        if (received == 0) throw IncompleteReadError(read.finish(), size);
        read.received(received);
    }
    co_return read.finish();
}

Task<std::string> read_all(Core core, std::size_t limit) {
    const StreamCore::Reading reading(*core);
    while (core->buffer.size() <= limit) {
        const bool more = co_await core->fill();
        if (!more) co_return core->take(limit);
    }
    throw LimitOverrunError(limit, core->buffer.size());
}

}  // namespace
}  // namespace detail

Task<std::string> Stream::read(std::size_t max) { return detail::read(core(), max); }
Task<std::size_t> Stream::read_into(std::span<char> buffer) { return detail::read_into(core(), buffer); }
Task<std::optional<std::string>> Stream::read_until(std::string separator, std::size_t limit) {
    return detail::read_until(core(), std::move(separator), limit);
}
Task<std::optional<std::string>> Stream::read_line(std::size_t limit) { return detail::read_line(core(), limit); }
Task<std::string> Stream::read_exactly(std::size_t size) { return detail::read_exactly(core(), size); }
Task<std::string> Stream::read_all(std::size_t limit) { return detail::read_all(core(), limit); }

}  // namespace hocket
