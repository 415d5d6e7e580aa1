// The small interface between an event loop and the kernel: descriptors, operations on them, waiting for both.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "hocket/core/clock.hpp"
#include "hocket/core/detail/wait_queue.hpp"

struct sockaddr;

namespace hocket::detail {

class IoBackend;
class IoOperation;

/// Where an event loop sleeps. One thread, except for wake().
class IoBackend {
public:
    virtual ~IoBackend() = default;
    virtual std::string_view name() const noexcept = 0;
    /// Whether an attempt by system call before start() makes sense.
    virtual bool tries_first() const noexcept = 0;
    /// Begins an operation that is registered in its descriptor. It ends by finish(), or goes on in its run().
    virtual void start(IoOperation& operation) noexcept = 0;
    /// Ends a started operation early; it finishes with -ECANCELED, or with its result if that came first.
    virtual void cancel(IoOperation& operation) noexcept = 0;
    /// A started operation has finished and its task is about to go on.
    virtual void ended(IoOperation& operation) noexcept = 0;
    /// Collects what is ready; blocks for at most `limit` if nothing is (Duration::max(): until something is).
    virtual void wait(Duration limit) noexcept = 0;
    /// Whether wait() could find anything.
    virtual bool busy() const noexcept = 0;
    /// Ends a wait() that blocks or is about to. Any thread.
    virtual void wake() noexcept = 0;
    /// Blocks until all wake() calls promised so far have arrived.
    virtual void await_wakes(std::uint64_t promised) noexcept = 0;
};

/// An open file descriptor and who waits on it. Counted: operations in flight hold it, so that it is closed, and its
/// number reused, only when the kernel has let go of them. Belongs to the loop on which it is first waited for; no
/// lock.
class Descriptor {
public:
    /// Takes over `fd`, which must be non-blocking. `may_be_ready`: whether trying before waiting is likely to succeed.
    Descriptor(int fd, bool may_be_ready) noexcept : fd_(fd), readable_(may_be_ready), writable_(may_be_ready) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;

    int fd() const noexcept { return fd_; }
    void add_reference() noexcept { ++references_; }
    void drop_reference() noexcept {
        if (--references_ == 0) delete this;
    }
    /// Ends the operations that wait here with ECANCELED; later ones fail with EBADF. The number is freed with the last
    /// reference.
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
    ~Descriptor();

    int fd_;
    std::uint32_t references_ = 1;
    IoBackend* backend_ = nullptr;   // null until the first wait
    IoOperation* reader_ = nullptr;  // at most one task waits for each direction
    IoOperation* writer_ = nullptr;
    bool readable_;  // epoll: false after a try that found nothing, until the next event
    bool writable_;
    bool registered_ = false;
    bool hung_up_ = false;  // epoll: the peer has closed or failed; reads find it
    bool closed_ = false;
};

/// What an operation does.
enum class IoVerb : std::uint8_t { read, write, accept, connect, wait_readable, wait_writable };

/// The record of one operation: what it does, to which descriptor, and what came of it. It keeps the descriptor open
/// and stays alive until the kernel is done with its buffer: a cancelled operation resumes its task only then. (With
/// epoll the kernel never holds a buffer; with io_uring the cancellation waits for the completion.) If the bytes had
/// been moved before the cancellation took hold, the operation succeeds and the next wait throws.
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

protected:
    /// Tries without waiting, where that is likely to succeed; true when result() is there.
    bool try_now(IoBackend& backend) noexcept {
        if (descriptor_->closed_ || !backend.tries_first()) return false;
        if (reads() ? !descriptor_->readable_ || descriptor_->reader_ : !descriptor_->writable_ || descriptor_->writer_)
            return false;
        return verb_ != IoVerb::connect && attempt();
    }
    /// Tries without waiting, whatever is known of its chances; false when it would block.
    bool try_once(IoBackend& backend) noexcept {
        return backend.tries_first() ? try_now(backend) : !descriptor_->closed_ && attempt();
    }
    /// Waits in the coroutine of `promise`; false when result() is there at once, in a cancelled scope as -ECANCELED.
    bool start(IoBackend& backend, PromiseBase& promise) noexcept;
    /// Throws CancelledError if the task's cancellation ended it, std::system_error(`what`) for another failure.
    [[noreturn]] void throw_failure(const char* what) const;
    void run() noexcept override;

private:
    friend class Descriptor;
    friend class EpollBackend;
    friend class IoUringBackend;
    bool reads() const noexcept {
        return verb_ == IoVerb::read || verb_ == IoVerb::accept || verb_ == IoVerb::wait_readable;
    }
    /// One system call; false when it would block.
    bool attempt() noexcept;
    /// The non-blocking connect() itself; false while it is under way.
    bool begin_connect() noexcept;
    void finish(std::int64_t result) noexcept;
    /// Into the run queue, if it isn't there: to try again or to resume the task.
    void queue() noexcept;

    Descriptor* descriptor_;
    IoVerb verb_;
    bool queued_ = false;     // in the run queue
    bool finished_ = false;   // result_ is there
    bool cancelled_ = false;  // by the task
    int flags_;
    std::byte* data_;  // connect: the address
    std::size_t size_;
    std::size_t moved_ = 0;  // write: bytes written so far
    std::int64_t result_ = 0;
};

/// Throws std::system_error when the kernel refuses.
std::unique_ptr<IoBackend> make_epoll_backend();
std::unique_ptr<IoBackend> make_io_uring_backend();

}  // namespace hocket::detail
