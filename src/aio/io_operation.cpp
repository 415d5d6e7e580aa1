#include "hocket/aio/detail/io_operation.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "hocket/aio/detail/io_backend.hpp"
#include "hocket/core/detail/scheduler.hpp"
#include "hocket/core/detail/task_context.hpp"

namespace hocket::detail {

namespace {

// Sockets here never block, so these are no places where a thread may be cancelled. The C library's recv() and send()
// are, and that costs. The sanitizers, though, see what is read and written only through those.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kDirectCalls = false;
#else
constexpr bool kDirectCalls = true;
#endif

ssize_t receive_now(int fd, std::byte* data, std::size_t size, int flags) noexcept {
    // Without a buffer, to discard, the sanitizers' recv() will not do either.
    if (kDirectCalls || data == nullptr) return ::syscall(SYS_recvfrom, fd, data, size, flags, nullptr, nullptr);
    return ::recv(fd, data, size, flags);
}

ssize_t send_now(int fd, const std::byte* data, std::size_t size, int flags) noexcept {
    if (kDirectCalls) return ::syscall(SYS_sendto, fd, data, size, flags, nullptr, 0);
    return ::send(fd, data, size, flags);
}

}  // namespace

// ---- Descriptor

Descriptor::~Descriptor() {
    leave_home();
    ::close(fd_);
}

void Descriptor::close() noexcept {
    if (closed_) return;
    closed_ = true;
    for (IoOperation* operation : {reader_, writer_}) {
        if (operation && !operation->finished_) backend_->cancel(*operation);
    }
    drop_reference();
}

bool Descriptor::settle(IoBackend& backend) noexcept {
    if (home_ == &backend.home()) return true;
    if (home_ && home_->open()) return false;
    leave_home();
    home_ = &backend.home();
    home_->add_reference();
    backend_ = &backend;
    return true;
}

void Descriptor::leave_home() noexcept {
    if (!home_) return;
    // Closing the number is not enough: epoll watches what it stands for, which a duplicate of it keeps alive.
    if (registered_) ::epoll_ctl(home_->epoll(), EPOLL_CTL_DEL, fd_, nullptr);
    registered_ = false;
    home_->drop_reference();
    home_ = nullptr;
}

bool Descriptor::emptied_by_short_read(int flags) noexcept {
    if (!registered_) return true;  // should something be left, registering will tell
    if (hung_up_ || (flags & ~(MSG_TRUNC | MSG_DONTWAIT)) != 0) return false;
    if (short_read_ == ShortRead::unknown) {
        // A datagram says nothing about the next, and a Unix socket stops reading where descriptors were sent along.
        int protocol = 0;
        socklen_t length = sizeof protocol;
        const bool is_tcp =
            ::getsockopt(fd_, SOL_SOCKET, SO_PROTOCOL, &protocol, &length) == 0 && protocol == IPPROTO_TCP;
        short_read_ = is_tcp ? ShortRead::empties : ShortRead::means_nothing;
    }
    return short_read_ == ShortRead::empties;
}

// ---- IoOperation

bool concerns_one_connection(int accept_errno) noexcept {
    return accept_errno == ECONNABORTED || accept_errno == EPROTO;
}

bool IoOperation::attempt() noexcept {
    switch (verb_) {
        case IoVerb::wait_readable:
        case IoVerb::wait_writable:
            return attempt_poll();
        case IoVerb::connect:
            if (!descriptor_->writable_) return false;
            finish_connect();
            return true;
        default:
            return attempt_transfer();
    }
}

bool IoOperation::attempt_transfer() noexcept {
    constexpr int kSends = 8;  // then others have their turn: a fast reader could go on for ever
    const int fd = descriptor_->fd_;
    ssize_t result = 0;
    switch (verb_) {
        case IoVerb::accept:
            do {
                result = ::accept4(fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            } while (result < 0 && (errno == EINTR || concerns_one_connection(errno)));
            break;
        case IoVerb::read:
            do {
                result = receive_now(fd, data_, size_, flags_);
            } while (result < 0 && errno == EINTR);
            if (result >= 0 && static_cast<std::size_t>(result) < size_ && descriptor_->emptied_by_short_read(flags_))
                descriptor_->readable_ = false;
            break;
        default:
            for (int sends = 0; sends < kSends; ++sends) {
                do {
                    result = send_now(fd, data_ + moved_, size_ - moved_, flags_ | MSG_NOSIGNAL);
                } while (result < 0 && errno == EINTR);
                if (result < 0) break;
                moved_ += static_cast<std::size_t>(result);
                if (moved_ == size_) break;
            }
            if (result >= 0 && moved_ < size_) return false;
            if (result >= 0) result = static_cast<ssize_t>(moved_);
            break;
    }
    if (result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        chance() = false;
        return false;
    }
    finish(result < 0 ? -errno : result);
    return true;
}

bool IoOperation::attempt_poll() noexcept {
    pollfd polled{descriptor_->fd_, static_cast<short>(reads() ? POLLIN : POLLOUT), 0};
    int count = 0;
    do {
        count = ::poll(&polled, 1, 0);
    } while (count < 0 && errno == EINTR);
    if (count == 0) {
        chance() = false;
        return false;
    }
    finish(count < 0 ? -errno : (polled.revents & POLLNVAL) ? -EBADF : 0);
    return true;
}

bool IoOperation::begin_connect() noexcept {
    const int status =
        ::connect(descriptor_->fd_, reinterpret_cast<const sockaddr*>(data_), static_cast<socklen_t>(size_));
    if (status < 0 && (errno == EINPROGRESS || errno == EINTR)) {
        descriptor_->writable_ = false;
        return false;
    }
    finish(status < 0 ? -errno : 0);
    return true;
}

void IoOperation::finish_connect() noexcept {
    int error = 0;
    socklen_t length = sizeof error;
    if (::getsockopt(descriptor_->fd_, SOL_SOCKET, SO_ERROR, &error, &length) < 0) error = errno;
    finish(-error);
}

bool IoOperation::try_once(IoBackend& backend) noexcept {
    if (const int error = refusal(backend)) {
        finish(-error);
        return true;
    }
    // Without a chance there is nothing to find; but where no events come, the chance never gets better.
    if (backend.tries_first() && !chance() && descriptor_->registered_) {
        backend.look_soon();
        return false;
    }
    if (!attempt() && moved_ > 0) finish(static_cast<std::int64_t>(moved_));
    return finished_;
}

int IoOperation::refusal(IoBackend& backend) noexcept {
    if (descriptor_->closed_) return EBADF;
    if (!descriptor_->settle(backend)) return EXDEV;
    return place() ? EBUSY : 0;
}

bool IoOperation::start(IoBackend& backend, PromiseBase& promise) noexcept {
    set_promise(promise);
    cancelled_ = promise.task()->cancel_pending();
    if (const int error = cancelled_ ? ECANCELED : refusal(backend)) {
        finish(-error);
        return false;
    }
    place() = this;
    suspend();
    backend.start(*this);
    return true;
}

void IoOperation::cancel() noexcept {
    if (finished_) return;
    cancelled_ = true;
    descriptor_->backend_->cancel(*this);
}

void IoOperation::queue() noexcept {
    if (queued_) return;
    queued_ = true;
    post();
}

void IoOperation::run() noexcept {
    queued_ = false;
    if (!finished_) descriptor_->backend_->go_on(*this);
    if (!finished_) return;  // somebody else was faster, or there is more to do
    place() = nullptr;
    Suspension::run();
}

void IoOperation::throw_failure(const char* what) const {
    if (result_ == -ECANCELED && cancelled_) promise()->task()->throw_cancelled();
    switch (result_) {
        case -EBUSY:
            throw InvalidStateError(std::string("hocket: ") + what +
                                    ": another task waits for the same direction of this descriptor");
        case -EXDEV:
            throw InvalidStateError(std::string("hocket: ") + what + ": this descriptor belongs to another event loop");
        default:
            throw std::system_error(static_cast<int>(-result_), std::generic_category(), what);
    }
}

// ---- IoBackend

IoHome::~IoHome() {
    if (epoll_ >= 0) ::close(epoll_);
}

IoBackend::IoBackend(Tries tries, int epoll) : home_(new IoHome(epoll)), tries_first_(tries == Tries::first) {}

IoBackend::~IoBackend() {
    home_->close();
    home_->drop_reference();
}

std::string IoOperation::waits_for() const {
    const char* what = "";
    switch (verb_) {
        case IoVerb::read:
            what = "input from";
            break;
        case IoVerb::write:
            what = "output to";
            break;
        case IoVerb::accept:
            what = "a connection at";
            break;
        case IoVerb::connect:
            what = "the peer of";
            break;
        case IoVerb::wait_readable:
            what = "something to read at";
            break;
        case IoVerb::wait_writable:
            what = "room to write at";
            break;
    }
    return std::string(what) + " descriptor " + std::to_string(descriptor_->fd());
}

}  // namespace hocket::detail
