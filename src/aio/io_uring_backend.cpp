// The io_uring back end: operations are completed by the kernel, handed over and collected with one system call for
// each turn of the loop.
//
// Which thread: a ring with deferred task work (Linux 6.1; the fastest kind, since the kernel interrupts nobody) may be
// used only by the thread that made it, and every kind of ring loses its requests when the thread that submitted them
// ends. A loop may be run by one thread after another, though, and be closed by a third. So no operation stays in the
// ring while no thread runs the loop: detach() has them cancelled, and those that come back undone queue themselves to
// begin anew in the next run. If that happens in another thread, attach() makes a new ring. If the kernel refuses that
// one, operations fail; a loop can still be closed.
//
// Invariants: an operation with `in_kernel_` set has exactly one request, whose completion is still to come; it is not
// in the run queue then. Its buffer, address and descriptor are alive because its task is suspended until `finished_`.
// Completions are collected without running user code, so requests may be made at any time.
#include "hocket/aio/detail/io_backend.hpp"

#if HOCKET_HAS_IO_URING

#include <liburing.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <string>
#include <system_error>

#include "wake_event.hpp"

namespace hocket::detail {
namespace {

constexpr unsigned kSubmissions = 256;  // more of them in one turn cost one more system call
constexpr unsigned kCompletions = 4096;

// user_data of requests that are no operations; operations have their address there.
constexpr std::uint64_t kNobody = 0;
constexpr std::uint64_t kWake = 1;
constexpr std::uint64_t kFile = 2;  // added to the address of an operation on a file

[[noreturn]] void throw_refused(int error) {
    std::string text = "hocket: io_uring is not to be had here";
    if (error == EPERM || error == EACCES) {
        text += " (forbidden by the sysctl kernel.io_uring_disabled or by a container's seccomp profile)";
    } else if (error == ENOSYS || error == EINVAL) {
        text += " (it needs Linux 5.13, and may be left out of a kernel or forbidden to a container)";
    } else if (error == ENOMEM) {
        text += " (raise the limit of locked memory: ulimit -l)";
    }
    throw std::system_error(error, std::generic_category(), text + "; use epoll: HOCKET_IO=epoll, or Io::epoll");
}

// Unlike the ids of the system, never that of a thread that has ended.
std::uint64_t this_thread_number() noexcept {
    static std::atomic<std::uint64_t> last{0};
    thread_local const std::uint64_t number = last.fetch_add(1, std::memory_order_relaxed) + 1;
    return number;
}

}  // namespace

class IoUringBackend final : public IoBackend {
public:
    IoUringBackend() : IoBackend(Tries::never, -1) { open_ring(); }
    ~IoUringBackend() override { close_ring(); }

    std::string_view name() const noexcept override { return "io_uring"; }
    bool busy() const noexcept override { return in_kernel_ > 0; }

    void attach() override {
        if (!recent_ || owner_ == this_thread_number()) return;
        close_ring();
        open_ring();
    }

    void detach() noexcept override {
        // The rings of older kernels go from thread to thread; what the end of a thread cancels begins anew.
        if (!recent_ || in_kernel_ == 0) return;
        io_uring_sqe* request = next_request();
        io_uring_prep_cancel64(request, 0, IORING_ASYNC_CANCEL_ANY);
        request->user_data = kNobody;
        while (in_kernel_ > 0) {
            io_uring_submit_and_wait(&ring_, 1);
            collect();
        }
    }

    void start(IoOperation& operation) noexcept override {
        operation.polls_ = operation.verb_ == IoVerb::wait_readable || operation.verb_ == IoVerb::wait_writable;
        request(operation);
    }

    void go_on(IoOperation& operation) noexcept override { request(operation); }

    bool does_files() const noexcept override { return open_; }

    void start(FileOperation& operation) noexcept override {
        if (!open_) {
            operation.finish(-ENOSYS);
            return operation.post();
        }
        constexpr std::size_t kLargest = 1u << 30;  // lengths have 32 bits
        const auto size = static_cast<unsigned>(std::min(operation.size_, kLargest));
        io_uring_sqe* request = next_request();
        switch (operation.verb_) {
            case FileVerb::read:
                io_uring_prep_read(request, operation.fd_, operation.data_, size, operation.offset_);
                break;
            case FileVerb::write:
                io_uring_prep_write(request, operation.fd_, operation.data_, size, operation.offset_);
                break;
            case FileVerb::sync:
                io_uring_prep_fsync(request, operation.fd_, 0);
                break;
        }
        request->user_data = reinterpret_cast<std::uint64_t>(&operation) + kFile;
        ++in_kernel_;
    }

    void cancel(IoOperation& operation) noexcept override {
        if (operation.ending_) return;
        operation.ending_ = true;
        if (!operation.in_kernel_) {  // between two requests
            operation.finish(-ECANCELED);
            return operation.queue();
        }
        io_uring_sqe* request = next_request();
        io_uring_prep_cancel(request, &operation, 0);
        request->user_data = kNobody;
    }

    void wait(Duration limit) noexcept override {
        if (!open_) return wake_.wait(limit);
        if (!wake_watched_) watch_wakes();
        if (limit > Duration::zero() && io_uring_cq_ready(&ring_) == 0) {
            block(limit);
        } else if (io_uring_sq_ready(&ring_) > 0 || kernel_has_news()) {
            io_uring_submit_and_get_events(&ring_);
        }
        collect();
    }

    void wake() noexcept override { wake_.signal(); }
    void await_wakes(std::uint64_t promised) noexcept override { wake_.await(promised); }

private:
    // ---- the ring

    void open_ring() {
        struct Kind {
            unsigned flags;
            bool is_recent;
        };
        // From Linux 6.1, 5.19, and 5.13 on.
        constexpr std::array<Kind, 3> kinds{
            Kind{IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG, true},
            Kind{IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG, true}, Kind{0, false}};
        int error = EINVAL;
        for (const Kind& kind : kinds) {
            io_uring_params params{};
            params.flags = kind.flags | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
            params.cq_entries = kCompletions;
            error = -io_uring_queue_init_params(kSubmissions, &ring_, &params);
            if (error == EINVAL) continue;
            if (error != 0) break;
            constexpr unsigned kNeeded =
                IORING_FEAT_NODROP | IORING_FEAT_FAST_POLL | IORING_FEAT_EXT_ARG | IORING_FEAT_RSRC_TAGS;
            if ((params.features & kNeeded) != kNeeded) {
                io_uring_queue_exit(&ring_);
                throw_refused(ENOSYS);
            }
            open_ = true;
            recent_ = kind.is_recent;
            owner_ = this_thread_number();
            wake_watched_ = false;
            return;
        }
        throw_refused(error);
    }

    void close_ring() noexcept {
        if (open_) io_uring_queue_exit(&ring_);
        open_ = false;
        owner_ = 0;
    }

    void block(Duration limit) noexcept {
        io_uring_cqe* completion = nullptr;
        __kernel_timespec timeout{limit.count() / 1'000'000'000, limit.count() % 1'000'000'000};
        io_uring_submit_and_wait_timeout(&ring_, &completion, 1, limit == Duration::max() ? nullptr : &timeout,
                                         nullptr);
    }

    // Whether only a system call brings out what has happened.
    bool kernel_has_news() const noexcept {
        return (__atomic_load_n(ring_.sq.kflags, __ATOMIC_RELAXED) & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
    }

    // A free request; hands those before over to the kernel if there is none.
    io_uring_sqe* next_request() noexcept {
        for (;;) {
            if (io_uring_sqe* request = io_uring_get_sqe(&ring_)) return request;
            // It may refuse until there is room for completions.
            if (io_uring_submit_and_get_events(&ring_) < 0) collect();
        }
    }

    void watch_wakes() noexcept {
        wake_watched_ = true;
        io_uring_sqe* request = next_request();
        io_uring_prep_poll_multishot(request, wake_.fd(), POLLIN);
        request->user_data = kWake;
    }

    // ---- operations

    void request(IoOperation& operation) noexcept {
        if (!open_) {
            operation.finish(-ENOSYS);
            return operation.queue();
        }
        io_uring_sqe* request = next_request();
        const Descriptor& descriptor = *operation.descriptor_;
        if (operation.polls_) {
            io_uring_prep_poll_add(request, descriptor.fd_, operation.reads() ? POLLIN : POLLOUT);
        } else {
            prepare(*request, operation);
        }
        io_uring_sqe_set_data(request, &operation);
        operation.in_kernel_ = true;
        ++in_kernel_;
    }

    static void prepare(io_uring_sqe& request, const IoOperation& operation) noexcept {
        constexpr std::size_t kLargest = 1u << 30;  // lengths have 32 bits
        const Descriptor& descriptor = *operation.descriptor_;
        switch (operation.verb_) {
            case IoVerb::read:
                io_uring_prep_recv(&request, descriptor.fd_, operation.data_, std::min(operation.size_, kLargest),
                                   operation.flags_ & ~MSG_DONTWAIT);
                break;
            case IoVerb::write:
                io_uring_prep_send(&request, descriptor.fd_, operation.data_ + operation.moved_,
                                   std::min(operation.size_ - operation.moved_, kLargest),
                                   operation.flags_ | MSG_NOSIGNAL | MSG_WAITALL);
                break;
            case IoVerb::accept:
                io_uring_prep_accept(&request, descriptor.fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
                break;
            default:
                io_uring_prep_connect(&request, descriptor.fd_, reinterpret_cast<const sockaddr*>(operation.data_),
                                      static_cast<socklen_t>(operation.size_));
                break;
        }
    }

    void collect() noexcept {
        unsigned head = 0;
        unsigned count = 0;
        io_uring_cqe* completion = nullptr;
        io_uring_for_each_cqe(&ring_, head, completion) {
            ++count;
            if (completion->user_data == kNobody) continue;
            if (completion->user_data == kWake) {
                wake_.collect();
                if (!(completion->flags & IORING_CQE_F_MORE)) wake_watched_ = false;
                continue;
            }
            if (completion->user_data & kFile) {
                complete(*reinterpret_cast<FileOperation*>(completion->user_data - kFile), completion->res);
                continue;
            }
            complete(*static_cast<IoOperation*>(io_uring_cqe_get_data(completion)), completion->res);
        }
        io_uring_cq_advance(&ring_, count);
    }

    // What was interrupted, or came back since the loop left its thread, begins anew.
    void complete(FileOperation& operation, int result) noexcept {
        --in_kernel_;
        if (result != -EINTR && result != -EAGAIN && result != -ECANCELED) operation.finish(result);
        operation.post();
    }

    void complete(IoOperation& operation, int result) noexcept {
        operation.in_kernel_ = false;
        --in_kernel_;
        if (operation.polls_) {
            polled(operation, result);
        } else {
            done(operation, result);
        }
        if (!operation.finished_ && operation.ending_) operation.finish(-ECANCELED);
        operation.queue();
    }

    // What came of a request's poll: the end, unless it goes on.
    static void polled(IoOperation& operation, int result) noexcept {
        if (result == -ECANCELED) return;
        if (result < 0) return operation.finish(result);
        switch (operation.verb_) {
            case IoVerb::wait_readable:
            case IoVerb::wait_writable:
                return operation.finish(0);
            case IoVerb::connect:
                return operation.finish_connect();
            default:
                operation.polls_ = false;
        }
    }

    // What came of the request itself: the end, unless it goes on.
    static void done(IoOperation& operation, int result) noexcept {
        switch (result) {
            case -EINTR:
                return;
            case -ECANCELED:
                // If nobody has asked for it, the loop has left its thread; a connect goes on meanwhile.
                operation.polls_ = operation.verb_ == IoVerb::connect;
                return;
            case -EAGAIN:
                // Older kernels do not wait on non-blocking descriptors. For a connect it means a full backlog.
                operation.polls_ = operation.verb_ != IoVerb::connect;
                if (!operation.polls_) operation.finish(result);
                return;
            default:
                break;
        }
        if (operation.verb_ == IoVerb::accept && result < 0 && concerns_one_connection(-result)) return;
        if (operation.verb_ != IoVerb::write || result < 0) return operation.finish(result);
        operation.moved_ += static_cast<std::size_t>(result);
        if (operation.moved_ == operation.size_ || result == 0)
            operation.finish(static_cast<std::int64_t>(operation.moved_));
    }

    io_uring ring_{};
    bool open_ = false;
    bool recent_ = false;        // Linux 5.19 or later
    bool wake_watched_ = false;  // a poll of the eventfd is in the ring
    std::uint64_t owner_ = 0;    // the thread that made the ring
    std::size_t in_kernel_ = 0;  // operations whose completion is to come
    WakeEvent wake_;
};

std::unique_ptr<IoBackend> make_io_uring_backend() { return std::make_unique<IoUringBackend>(); }

}  // namespace hocket::detail

#else

#include <stdexcept>

namespace hocket::detail {

std::unique_ptr<IoBackend> make_io_uring_backend() {
    throw std::runtime_error(
        "hocket: this build has no io_uring; use epoll (HOCKET_IO=epoll, or Io::epoll), or build with liburing 2.3 "
        "(Debian: liburing-dev) and -DHOCKET_IO_URING=ON");
}

}  // namespace hocket::detail

#endif
