// What a vectored write has still to write.
#pragma once
#include <sys/uio.h>

#include <span>
#include <string_view>
#include <vector>

namespace hocket::detail {

/// Pieces of memory for writev() and sendmsg(), which get shorter from the front.
class GatherList {
public:
    explicit GatherList(std::span<const std::string_view> parts);
    bool empty() const noexcept { return first_ == pieces_.size(); }
    /// As many pieces as one call takes.
    std::span<iovec> next() noexcept;
    /// The first `size` bytes have been written.
    void advance(std::size_t size) noexcept;

private:
    std::vector<iovec> pieces_;
    std::size_t first_ = 0;
};

}  // namespace hocket::detail
