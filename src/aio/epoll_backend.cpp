// The epoll back end. Descriptors are registered once, edge-triggered for both directions; operations are tried by
// system call when their direction may be ready, so an operation that must wait costs one call of its own and a share
// of an epoll_wait.
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <system_error>

#include "hocket/aio/detail/io_backend.hpp"

namespace hocket::detail {
namespace {

int checked(int result, const char* what) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
    return result;
}

}  // namespace

class EpollBackend final : public IoBackend {
public:
    EpollBackend() : epoll_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")) {
        try {
            wake_ = checked(::eventfd(0, EFD_CLOEXEC), "eventfd");
            epoll_event event{};
            event.events = EPOLLIN;
            event.data.ptr = nullptr;  // marks the wake-up
            checked(::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event), "epoll_ctl");
        } catch (...) {
            close_all();
            throw;
        }
    }
    ~EpollBackend() override { close_all(); }

    std::string_view name() const noexcept override { return "epoll"; }
    bool tries_first() const noexcept override { return true; }
    bool busy() const noexcept override { return waiting_ > 0; }

    void start(IoOperation& operation) noexcept override {
        Descriptor& descriptor = operation.descriptor();
        ++waiting_;
        if (operation.verb_ == IoVerb::connect && operation.begin_connect()) return operation.queue();
        if (!descriptor.registered_) {
            epoll_event event{};
            event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
            event.data.ptr = &descriptor;
            if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor.fd(), &event) < 0) {
                // Files and the like are always ready: epoll refuses them with EPERM.
                if (errno != EPERM) operation.finish(-errno);
                descriptor.readable_ = descriptor.writable_ = true;
                return operation.queue();
            }
            descriptor.registered_ = true;
        }
        // Ready although it did not finish at once: its task has used up its budget, or another event came. It tries in
        // its turn.
        if (operation.reads() ? descriptor.readable_ : descriptor.writable_) operation.queue();
    }

    void cancel(IoOperation& operation) noexcept override {
        operation.finish(-ECANCELED);
        operation.queue();
    }

    void ended(IoOperation&) noexcept override { --waiting_; }

    void wait(Duration limit) noexcept override {
        int timeout = -1;
        if (limit != Duration::max()) {
            // Rounded up: waking before the deadline would only mean to wait again.
            const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(limit).count();
            timeout = static_cast<int>(std::min<decltype(milliseconds)>(milliseconds, 1 << 30));
        }
        int count = 0;
        if (timeout > 0) {
            timespec exact{static_cast<time_t>(limit.count() / 1'000'000'000),
                           static_cast<long>(limit.count() % 1'000'000'000)};
            count = ::epoll_pwait2(epoll_, events_, kEvents, &exact, nullptr);
            if (count < 0 && errno == ENOSYS) count = ::epoll_wait(epoll_, events_, kEvents, timeout);
        } else {
            count = ::epoll_wait(epoll_, events_, kEvents, timeout);
        }
        for (int i = 0; i < count; ++i) {
            if (auto* descriptor = static_cast<Descriptor*>(events_[i].data.ptr)) {
                take(*descriptor, events_[i].events);
            } else {
                read_wakes();
            }
        }
    }

    void wake() noexcept override {
        const std::uint64_t one = 1;
        while (::write(wake_, &one, sizeof one) < 0 && errno == EINTR) {
        }
    }

    void await_wakes(std::uint64_t promised) noexcept override {
        while (wakes_ < promised) read_wakes();  // the eventfd blocks
    }

private:
    static constexpr int kEvents = 256;

    static void take(Descriptor& descriptor, std::uint32_t events) noexcept {
        if (events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP)) descriptor.hung_up_ = true;
        if (events & (EPOLLIN | EPOLLERR | EPOLLHUP | EPOLLRDHUP)) {
            descriptor.readable_ = true;
            if (descriptor.reader_) descriptor.reader_->queue();
        }
        if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) {
            descriptor.writable_ = true;
            if (descriptor.writer_) descriptor.writer_->queue();
        }
    }

    void read_wakes() noexcept {
        std::uint64_t count = 0;
        if (::read(wake_, &count, sizeof count) == sizeof count) wakes_ += count;
    }

    void close_all() noexcept {
        if (wake_ >= 0) ::close(wake_);
        ::close(epoll_);
    }

    int epoll_;
    int wake_ = -1;
    std::size_t waiting_ = 0;
    std::uint64_t wakes_ = 0;
    epoll_event events_[kEvents];
};

std::unique_ptr<IoBackend> make_epoll_backend() { return std::make_unique<EpollBackend>(); }

}  // namespace hocket::detail
