#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "hocket/aio/detail/io_backend.hpp"
#include "hocket/core/detail/scheduler.hpp"
#include "hocket/core/detail/task_context.hpp"

namespace hocket::detail {

Descriptor::~Descriptor() { ::close(fd_); }

void Descriptor::close() noexcept {
    if (closed_) return;
    closed_ = true;
    for (IoOperation* operation : {reader_, writer_}) {
        if (operation && !operation->finished_) backend_->cancel(*operation);
    }
    if (references_ > 1)
        ::shutdown(fd_, SHUT_RDWR);  // an operation still holds the descriptor; the peer is to learn of it now
    drop_reference();
}

bool IoOperation::attempt() noexcept {
    Descriptor& descriptor = *descriptor_;
    ssize_t moved = 0;
    switch (verb_) {
        case IoVerb::wait_readable:
            if (!descriptor.readable_) return false;
            finish(0);
            return true;
        case IoVerb::wait_writable:
            if (!descriptor.writable_) return false;
            finish(0);
            return true;
        case IoVerb::connect: {
            if (!descriptor.writable_) return false;
            int error = 0;
            socklen_t length = sizeof error;
            ::getsockopt(descriptor.fd_, SOL_SOCKET, SO_ERROR, &error, &length);
            finish(-error);
            return true;
        }
        case IoVerb::accept:
            do {
                moved = ::accept4(descriptor.fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            } while (moved < 0 && (errno == EINTR || errno == ECONNABORTED));
            break;
        case IoVerb::read:
            do {
                moved = ::recv(descriptor.fd_, data_, size_, flags_);
            } while (moved < 0 && errno == EINTR);
            // A short read has emptied the socket, and news is announced again (edge-triggered); after a hang-up
            // nothing more is.
            if (moved >= 0 && static_cast<std::size_t>(moved) < size_ && !descriptor.hung_up_)
                descriptor.readable_ = false;
            break;
        case IoVerb::write:
            for (;;) {
                moved = ::send(descriptor.fd_, data_ + moved_, size_ - moved_, flags_ | MSG_NOSIGNAL);
                if (moved < 0 && errno == EINTR) continue;
                if (moved < 0) break;
                moved_ += static_cast<std::size_t>(moved);
                moved = static_cast<ssize_t>(moved_);
                if (moved_ == size_) break;
            }
            break;
    }
    if (moved < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        (reads() ? descriptor.readable_ : descriptor.writable_) = false;
        return false;
    }
    finish(moved < 0 ? -errno : moved);
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

void IoOperation::finish(std::int64_t result) noexcept {
    result_ = result;
    finished_ = true;
}

bool IoOperation::start(IoBackend& backend, PromiseBase& promise) noexcept {
    Descriptor& descriptor = *descriptor_;
    set_promise(promise);
    if (promise.task()->cancel_pending()) {
        cancelled_ = true;
        finish(-ECANCELED);
    }
    IoOperation*& place = reads() ? descriptor.reader_ : descriptor.writer_;
    if (descriptor.closed_) finish(-EBADF);
    if (place) finish(-EBUSY);
    if (!descriptor.backend_) descriptor.backend_ = &backend;
    if (descriptor.backend_ != &backend) finish(-EXDEV);
    if (finished_) return false;
    place = this;
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
    if (!finished_ && !attempt()) return;  // somebody else was faster: wait on
    (reads() ? descriptor_->reader_ : descriptor_->writer_) = nullptr;
    descriptor_->backend_->ended(*this);
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

}  // namespace hocket::detail
