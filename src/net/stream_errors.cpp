#include "hocket/net/stream_errors.hpp"

namespace hocket {
namespace {

std::string describe_incomplete(std::size_t partial, std::size_t expected) {
    std::string text = "hocket: the stream ended after " + std::to_string(partial) + " bytes";
    text += expected > 0 ? " of " + std::to_string(expected) : std::string(" without the separator");
    return text;
}

}  // namespace

IncompleteReadError::IncompleteReadError(std::string partial, std::size_t expected)
    : std::runtime_error(describe_incomplete(partial.size(), expected)),
      partial_(std::make_shared<const std::string>(std::move(partial))),
      expected_(expected) {}

LimitOverrunError::LimitOverrunError(std::size_t limit, std::size_t buffered)
    : std::runtime_error("hocket: what is being read from a stream is longer than the limit of " +
                         std::to_string(limit) + " bytes; it is still there, or pass a higher limit"),
      buffered_(buffered) {}

}  // namespace hocket
