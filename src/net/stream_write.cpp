// Writing to a stream.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "net/fd_guard.hpp"
#include "net/stream_core.hpp"

namespace hocket {
namespace detail {
namespace {

using Core = std::shared_ptr<StreamCore>;
using Turn = std::unique_lock<Lock>;

Task<void> write(Core core, std::string_view data) {
    const Turn turn = co_await core->writers.async_lock();
    co_await core->transport->write(data);
}

Task<void> write_owned(Core core, std::string data) {
    const Turn turn = co_await core->writers.async_lock();
    co_await core->transport->write(data);
}

Task<void> write_vectored(Core core, std::span<const std::string_view> parts) {
    const Turn turn = co_await core->writers.async_lock();
    co_await core->transport->write_vectored(parts);
}

Task<void> write_eof(Core core) {
    const Turn turn = co_await core->writers.async_lock();
    co_await core->transport->write_eof();
}

Task<std::uint64_t> send_file(Core core, int fd, std::uint64_t offset, std::uint64_t length) {
    const Turn turn = co_await core->writers.async_lock();
    co_return co_await core->transport->send_file(fd, offset, length);
}

Task<std::uint64_t> send_file(Core core, std::filesystem::path path, std::uint64_t offset, std::uint64_t length) {
    const FdGuard file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0) throw std::system_error(errno, std::generic_category(), "hocket: open " + path.string());
    co_return co_await send_file(std::move(core), file.get(), offset, length);
}

}  // namespace
}  // namespace detail

Task<void> Stream::write(std::string_view data) { return detail::write(core(), data); }

Task<void> Stream::write_owned(std::string data) { return detail::write_owned(core(), std::move(data)); }

Task<void> Stream::write_vectored(std::span<const std::string_view> parts) {
    return detail::write_vectored(core(), parts);
}

Task<void> Stream::write_eof() { return detail::write_eof(core()); }

Task<std::uint64_t> Stream::sendfile(int fd, std::uint64_t offset, std::uint64_t length) {
    return detail::send_file(core(), fd, offset, length);
}

Task<std::uint64_t> Stream::sendfile(std::filesystem::path path, std::uint64_t offset, std::uint64_t length) {
    return detail::send_file(core(), std::move(path), offset, length);
}

}  // namespace hocket
