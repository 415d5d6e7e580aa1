// Descriptors, and the records of operations on them, whatever the back end.
#pragma once
#include <cstddef>
#include <cstdint>

#include "hocket/core/detail/frame_allocator.hpp"
#include "hocket/core/detail/wait_queue.hpp"

namespace hocket::detail {

class IoBackend;
class IoHome;
class IoOperation;

/// An open file descriptor and who waits on it. Counted: operations hold it, so that it is closed, and its number
/// reused, only when the kernel has let go of them. Belongs to the loop on which it is first waited for, until that
/// loop dies; the next wait then gives it to another one. No lock: while its loop runs, it is for that loop's thread
/// only, its destruction included.
class Descriptor {
public:
    /// Takes over `fd`, which must be non-blocking unless it is only waited for. `may_be_ready`: whether trying before
    /// waiting is likely to succeed.
    Descriptor(int fd, bool may_be_ready) noexcept : fd_(fd), readable_(may_be_ready), writable_(may_be_ready) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;

    int fd() const noexcept { return fd_; }
    void add_reference() noexcept { ++references_; }
    void drop_reference() noexcept {
        if (--references_ == 0) delete this;
    }
    /// Ends the operations that wait here with ECANCELED and makes later ones fail with EBADF; gives up the caller's
    /// reference. The number is freed with the last reference: when those operations' tasks have gone on.
    void close() noexcept;
    bool closed() const noexcept { return closed_; }
    /// Somebody has read until it would block: the next wait is for the next event.
    void found_empty() noexcept { readable_ = false; }

    static void* operator new(std::size_t size) { return FrameHeap::allocate(size); }
    static void operator delete(void* memory, std::size_t size) noexcept { FrameHeap::deallocate(memory, size); }

private:
    friend class IoOperation;
    friend class EpollBackend;
    friend class IoUringBackend;
    enum class ShortRead : std::uint8_t { unknown, empties, means_nothing };

    ~Descriptor();
    /// Makes `backend` the one that waits for this descriptor; false when it belongs to another live one.
    bool settle(IoBackend& backend) noexcept;
    void leave_home() noexcept;
    /// A read gave less than asked for: whether there is nothing left, and news will come as a new event.
    bool emptied_by_short_read(int flags) noexcept;

    int fd_;
    std::uint32_t references_ = 1;
    IoHome* home_ = nullptr;         // null until the first wait
    IoBackend* backend_ = nullptr;   // valid while home_ is open
    IoOperation* reader_ = nullptr;  // at most one task waits for each direction
    IoOperation* writer_ = nullptr;
    // What is known of the chances of a try. epoll: false after one that found nothing, until the next event.
    bool readable_;
    bool writable_;
    bool registered_ = false;  // epoll: events come
    bool hung_up_ = false;     // epoll: the peer has closed or failed, or sent urgent data
    bool closed_ = false;
    ShortRead short_read_ = ShortRead::unknown;
};

/// What an operation does.
enum class IoVerb : std::uint8_t { read, write, accept, connect, wait_readable, wait_writable };

/// The record of one operation: what it does, to which descriptor, and what came of it. It keeps the descriptor open
/// and stays alive until the kernel is done with its buffer: a cancelled operation resumes its task only then. (With
/// epoll the kernel never holds a buffer; with io_uring the cancellation waits for the completion.) If the operation
/// was done before the cancellation took hold, it succeeds and the next wait throws; of a cancelled write, a part may
/// have been sent.
///
/// A read takes recv()'s flags MSG_PEEK and MSG_TRUNC, and is done when there is at least one byte. A write is done
/// when everything is sent.
///
/// The states of a waiting operation: with the kernel (epoll: waiting for an event), queued to go on, queued with its
/// result. It is in the run queue once at most (`queued_`), and `finished_` once set stays.
class IoOperation : public Suspension {
public:
    IoOperation(Descriptor& descriptor, IoVerb verb, void* data, std::size_t size, int flags) noexcept
        : descriptor_(&descriptor), verb_(verb), flags_(flags), data_(static_cast<std::byte*>(data)), size_(size) {
        descriptor.add_reference();
    }
    ~IoOperation() { descriptor_->drop_reference(); }

    Descriptor& descriptor() const noexcept { return *descriptor_; }
    IoVerb verb() const noexcept { return verb_; }
    /// Bytes moved, the accepted descriptor, or 0; a negative errno for a failure.
    std::int64_t result() const noexcept { return result_; }

    void cancel() noexcept override;
    std::string waits_for() const override;

protected:
    /// Whether there is nothing to be done: zero bytes.
    bool transfers_nothing() const noexcept { return size_ == 0; }
    /// Tries without waiting, where that is likely to succeed; true when result() is there.
    bool try_now(IoBackend& backend) noexcept;
    /// Tries without waiting, anywhere in a task; false when it would block or nothing has been heard since it would
    /// have. A write may move a part. Refused like a wait, with the refusal as result().
    bool try_once(IoBackend& backend) noexcept;
    /// Waits in the coroutine of `promise`; false when result() is there at once, in a cancelled scope as -ECANCELED.
    bool start(IoBackend& backend, PromiseBase& promise) noexcept;
    /// Throws CancelledError if the task's cancellation ended it, InvalidStateError for a wait that the descriptor's
    /// state forbids, std::system_error(`what`) for another failure.
    [[noreturn]] void throw_failure(const char* what) const;
    void run() noexcept override;

private:
    friend class Descriptor;
    friend class EpollBackend;
    friend class IoUringBackend;
    bool reads() const noexcept {
        return verb_ == IoVerb::read || verb_ == IoVerb::accept || verb_ == IoVerb::wait_readable;
    }
    IoOperation*& place() const noexcept { return reads() ? descriptor_->reader_ : descriptor_->writer_; }
    bool& chance() const noexcept { return reads() ? descriptor_->readable_ : descriptor_->writable_; }
    /// Why the descriptor is not for this operation now, as an errno; 0 if it is. Gives it to the loop if it is free.
    int refusal(IoBackend& backend) noexcept;
    /// Goes as far as it can without waiting; false when it is not done. Without a chance left then, it would block.
    bool attempt() noexcept;
    bool attempt_transfer() noexcept;
    bool attempt_poll() noexcept;
    /// The non-blocking connect() itself; false while it is under way.
    bool begin_connect() noexcept;
    /// What became of a connect() that was under way.
    void finish_connect() noexcept;
    void finish(std::int64_t result) noexcept {
        result_ = result;
        finished_ = true;
    }
    /// Into the run queue, if it isn't there: to go on or to resume the task.
    void queue() noexcept;

    Descriptor* descriptor_;
    IoVerb verb_;
    bool queued_ = false;     // in the run queue
    bool finished_ = false;   // result_ is there
    bool cancelled_ = false;  // by the task
    bool ending_ = false;     // the back end was asked to end it early
    bool in_kernel_ = false;  // io_uring: a completion will come
    bool polls_ = false;      // io_uring: that of a poll, after which it goes on
    int flags_;
    std::byte* data_;  // connect: the address
    std::size_t size_;
    std::size_t moved_ = 0;  // write: bytes sent so far
    std::int64_t result_ = 0;
};

/// Whether accept() failed because of that one connection, so that the next one should be waited for.
bool concerns_one_connection(int accept_errno) noexcept;

}  // namespace hocket::detail
