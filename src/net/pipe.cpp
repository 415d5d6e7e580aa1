#include "hocket/net/pipe.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "hocket/aio/sleep.hpp"
#include "hocket/net/detail/io_awaiters.hpp"
#include "net/fd_guard.hpp"
#include "net/no_sigpipe.hpp"
#include "net/pipe_transport.hpp"
#include "net/throw_errno.hpp"
#include "net/try_call.hpp"

namespace hocket {
namespace detail {
namespace {

std::optional<std::size_t> read_now(Descriptor& descriptor, std::span<char> buffer) {
    const auto size = try_call("read", [&] { return ::read(descriptor.fd(), buffer.data(), buffer.size()); });
    if (!size) descriptor.found_empty();
    return size;
}

std::optional<std::size_t> write_now(Descriptor& descriptor, std::string_view data) {
    const NoSigpipe guard;
    return try_call("write", [&] { return ::write(descriptor.fd(), data.data(), data.size()); });
}

bool spend_budget() noexcept { return Scheduler::current()->spend_budget(); }

}  // namespace

PipeTransport::PipeTransport(int fd) {
    FdGuard guard(fd);
    descriptor_ = new Descriptor(fd, true);
    guard.release();
}

Task<std::size_t> PipeTransport::read_some(std::span<char> buffer) {
    for (;;) {
        if (!spend_budget()) co_await yield_now();
        Descriptor& descriptor = require_open(descriptor_);
        if (const std::optional<std::size_t> size = read_now(descriptor, buffer)) co_return *size;
        co_await Readiness(descriptor, IoVerb::wait_readable);
    }
}

Task<void> PipeTransport::write(std::string_view data) {
    while (!data.empty()) {
        if (!spend_budget()) co_await yield_now();
        Descriptor& descriptor = require_open(descriptor_);
        if (const std::optional<std::size_t> size = write_now(descriptor, data)) {
            data.remove_prefix(*size);
        } else {
            co_await Readiness(descriptor, IoVerb::wait_writable);
        }
    }
}

Task<void> PipeTransport::write_eof() {
    close();
    co_return;
}

void PipeTransport::close() noexcept {
    if (auto* descriptor = std::exchange(descriptor_, nullptr)) descriptor->close();
}

}  // namespace detail

std::pair<Stream, Stream> open_pipe() {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0) detail::throw_errno("open a pipe");
    detail::FdGuard writing(fds[1]);
    Stream reader(std::make_unique<detail::PipeTransport>(fds[0]));
    Stream writer(std::make_unique<detail::PipeTransport>(writing.release()));
    return {std::move(reader), std::move(writer)};
}

Stream stream_from_descriptor(int fd) {
    detail::FdGuard guard(fd);
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) detail::throw_errno("make a stream of a descriptor");
    return Stream(std::make_unique<detail::PipeTransport>(guard.release()));
}

}  // namespace hocket
