#include "http/exchange.hpp"

#include <utility>

namespace hocket::http::detail {
namespace {

constexpr std::size_t kKeptBuffer = 64 * 1024;

void empty(std::string& buffer) noexcept {
    if (buffer.capacity() > kKeptBuffer) {
        buffer = std::string();
    } else {
        buffer.clear();
    }
}

}  // namespace

void Exchange::reset() noexcept {
    response = Response();  // before the request, which its generator may look at
    parser.reset();
    empty(input);
    used = 0;
    empty(output);
    sent = 0;
    writer.reset();
}

std::unique_ptr<Exchange> ExchangePool::take() {
    if (idle_.empty()) return std::make_unique<Exchange>(limits_);
    std::unique_ptr<Exchange> exchange = std::move(idle_.back());
    idle_.pop_back();
    return exchange;
}

void ExchangePool::give_back(std::unique_ptr<Exchange> exchange) noexcept {
    exchange->reset();
    if (idle_.size() >= kKept) return;
    try {
        idle_.push_back(std::move(exchange));
    } catch (...) {
        // Without memory for the list there is one exchange less to keep.
    }
}

}  // namespace hocket::http::detail
