// Reading from a stream whose bytes come in pieces of any sizes, beside a model that has them all at once.
#include <cstdint>
#include <deque>
#include <hocket/aio.hpp>
#include <hocket/net.hpp>
#include <hocket/net/detail/transport.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "input.hpp"

namespace hk = hocket;
using hk::fuzz::Input;
using hk::fuzz::require;

namespace {

// Gives the pieces one by one, then the end.
class Pieces final : public hk::detail::Transport {
public:
    explicit Pieces(std::deque<std::string> pieces) : pieces_(std::move(pieces)) {}
    hk::Task<std::size_t> read_some(std::span<char> buffer) override {
        if (pieces_.empty()) co_return 0;
        std::string& piece = pieces_.front();
        const std::size_t size = piece.copy(buffer.data(), buffer.size());
        piece.erase(0, size);
        if (piece.empty()) pieces_.pop_front();
        co_return size;
    }
    hk::Task<void> write(std::string_view) override { co_return; }
    hk::Task<void> write_eof() override { co_return; }
    void close() noexcept override {}
    int fileno() const noexcept override { return 0; }

private:
    std::deque<std::string> pieces_;
};

// One read, and the same from `all`.
hk::Task<void> read_once(hk::Stream& stream, std::string& all, std::size_t kind, std::size_t size) {
    std::string got, expected;
    switch (kind % 4) {
        case 0: {
            got = co_await stream.read(size + 1);
            require(got.empty() == all.empty() && got.size() <= size + 1);
            expected = all.substr(0, got.size());
            break;
        }
        case 1: {
            try {
                got = co_await stream.read_exactly(size);
                require(got.size() == size);
            } catch (const hk::IncompleteReadError& error) {
                require(all.size() < size && error.partial() == all);
                got = error.partial();
            }
            expected = all.substr(0, size);
            break;
        }
        case 2: {
            const std::string separator = size % 2 == 0 ? "\n" : "\r\n";
            const std::size_t found = all.find(separator);
            const bool whole = found != std::string::npos;
            const std::size_t length = whole ? found + separator.size() : all.size();
            try {
                const auto text = co_await stream.read_until(separator, size);
                require(text.has_value() == !all.empty());
                if (text) {
                    require(whole && length <= size);
                    got = *text;
                    expected = all.substr(0, length);
                }
            } catch (const hk::IncompleteReadError& error) {
                require(!whole && error.partial() == all);
                got = expected = all;
            } catch (const hk::LimitOverrunError&) {
                require(length >= size);
            }
            break;
        }
        default: {
            const std::size_t found = all.find('\n');
            const std::size_t length = found == std::string::npos ? all.size() : found + 1;
            try {
                const auto line = co_await stream.read_line(size);
                require(line.has_value() == !all.empty());
                if (line) expected = got = all.substr(0, length);
                if (line) require(all.starts_with(*line) && line->size() <= length && line->size() + 2 >= length);
            } catch (const hk::LimitOverrunError&) {
                require(length >= size);
            }
            break;
        }
    }
    require(got == expected);
    all.erase(0, got.size());
}

hk::Task<void> read_all(Input& input) {
    std::deque<std::string> pieces;
    std::string all;
    const std::string decisions(input.take(32));
    while (!input.empty()) {
        const std::size_t size = input.draw() * 16 + 1;
        pieces.emplace_back(input.take(size));
        if (pieces.back().empty()) pieces.pop_back();
    }
    for (const std::string& piece : pieces) all += piece;
    hk::Stream stream(std::make_unique<Pieces>(std::move(pieces)));
    for (std::size_t i = 0; i + 1 < decisions.size(); i += 2) {
        const auto kind = static_cast<unsigned char>(decisions[i]);
        const auto size = static_cast<unsigned char>(decisions[i + 1]);
        co_await read_once(stream, all, kind, static_cast<std::size_t>(size) * (kind / 64 + 1));
    }
    const std::string rest = co_await stream.read_all();
    require(rest == all);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Input input(data, size);
    hk::run(read_all(input));
    return 0;
}
