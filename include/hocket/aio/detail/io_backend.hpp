// The small interface between an event loop and the kernel: starting operations, waiting for them and for wake-ups.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include "hocket/aio/detail/file_operation.hpp"
#include "hocket/aio/detail/io_operation.hpp"
#include "hocket/core/clock.hpp"

namespace hocket::detail {

/// What a descriptor may outlive of its back end: whether that is still there, and the epoll instance in which the
/// descriptor is registered. Counted. Any thread may hold it.
class IoHome {
public:
    /// Takes over `epoll`, or -1.
    explicit IoHome(int epoll) noexcept : epoll_(epoll) {}
    IoHome(const IoHome&) = delete;
    IoHome& operator=(const IoHome&) = delete;
    int epoll() const noexcept { return epoll_; }
    bool open() const noexcept { return open_.load(std::memory_order_acquire); }
    void close() noexcept { open_.store(false, std::memory_order_release); }
    void add_reference() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
    void drop_reference() noexcept {
        if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
    }

private:
    ~IoHome();
    int epoll_;
    std::atomic<std::uint32_t> references_{1};
    std::atomic<bool> open_{true};
};

/// Where an event loop sleeps. One thread at a time, except for wake().
class IoBackend {
public:
    IoBackend(const IoBackend&) = delete;
    IoBackend& operator=(const IoBackend&) = delete;
    virtual ~IoBackend();
    virtual std::string_view name() const noexcept = 0;
    /// Whether an attempt by system call before start() makes sense.
    bool tries_first() const noexcept { return tries_first_; }
    IoHome& home() const noexcept { return *home_; }

    /// This thread is going to run the loop. Throws std::system_error when the kernel refuses.
    virtual void attach() {}
    /// It has stopped running it: what is with the kernel comes back, to go on in the next run, perhaps in another
    /// thread.
    virtual void detach() noexcept {}
    /// Begins an operation that has its place in its descriptor. It ends by finish() and queue().
    virtual void start(IoOperation& operation) noexcept = 0;
    /// A started operation was queued, unfinished, and has its turn.
    virtual void go_on(IoOperation& operation) noexcept = 0;
    /// Ends a started, unfinished operation early: with -ECANCELED, or with its result if that comes first.
    virtual void cancel(IoOperation& operation) noexcept = 0;
    /// Whether operations on disk files may be started here; otherwise the executor's threads do them.
    virtual bool does_files() const noexcept { return false; }
    /// Begins one, or goes on with one that was queued unfinished.
    virtual void start(FileOperation&) noexcept {}
    /// Collects what is ready; blocks for at most `limit` if nothing is (Duration::max(): until something is).
    virtual void wait(Duration limit) noexcept = 0;
    /// Whether wait() could find something: operations have been started and not finished, or look_soon() was called.
    virtual bool busy() const noexcept = 0;
    /// Somebody tries again and again instead of waiting: the next turn must bring news, if there are any.
    void look_soon() noexcept { looks_soon_ = true; }
    /// Ends a wait() that blocks or is about to. Any thread.
    virtual void wake() noexcept = 0;
    /// Blocks until all wake() calls promised so far have arrived.
    virtual void await_wakes(std::uint64_t promised) noexcept = 0;

protected:
    enum class Tries { first, never };
    /// Takes over `epoll`, or -1.
    IoBackend(Tries tries, int epoll);
    bool looks_soon_ = false;

private:
    IoHome* home_;
    bool tries_first_;
};

inline bool IoOperation::try_now(IoBackend& backend) noexcept {
    const Descriptor& descriptor = *descriptor_;
    if (!backend.tries_first() || !chance() || place() || descriptor.closed_ || verb_ == IoVerb::connect) return false;
    if (descriptor.home_ && descriptor.home_ != &backend.home()) return false;
    return attempt();
}

/// Throws std::system_error when the kernel refuses.
std::unique_ptr<IoBackend> make_epoll_backend();
/// The same, and when this build has no io_uring.
std::unique_ptr<IoBackend> make_io_uring_backend();

}  // namespace hocket::detail
