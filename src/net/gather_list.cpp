#include "net/gather_list.hpp"

#include <algorithm>
#include <climits>

namespace hocket::detail {

GatherList::GatherList(std::span<const std::string_view> parts) {
    pieces_.reserve(parts.size());
    for (const std::string_view part : parts) {
        if (!part.empty()) pieces_.push_back({const_cast<char*>(part.data()), part.size()});
    }
}

std::span<iovec> GatherList::next() noexcept {
    return std::span(pieces_).subspan(first_, std::min<std::size_t>(pieces_.size() - first_, IOV_MAX));
}

void GatherList::advance(std::size_t size) noexcept {
    while (!empty() && size >= pieces_[first_].iov_len) size -= pieces_[first_++].iov_len;
    if (size == 0) return;
    iovec& piece = pieces_[first_];
    piece.iov_base = static_cast<char*>(piece.iov_base) + size;
    piece.iov_len -= size;
}

}  // namespace hocket::detail
