// The epoll back end. Descriptors are registered once, edge-triggered for both directions; operations are tried by
// system call when their direction may be ready, so an operation that must wait costs one call of its own and a share
// of an epoll_wait.
//
// Invariant: a direction's flag (Descriptor::readable_, writable_) is false only if a try has found nothing and no
// event has been collected since. The kernel then owes us an event, so the operation that waits for it will be queued;
// a wait that finds the flag true queues itself and tries in its turn.
#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <system_error>

#include "hocket/aio/detail/io_backend.hpp"
#include "wake_event.hpp"

namespace hocket::detail {
namespace {

int make_epoll() {
    const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) throw std::system_error(errno, std::generic_category(), "hocket: make an epoll for an event loop");
    return epoll;
}

}  // namespace

class EpollBackend final : public IoBackend {
public:
    EpollBackend() : IoBackend(Tries::first, make_epoll()) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = nullptr;  // marks the wake-up
        if (::epoll_ctl(home().epoll(), EPOLL_CTL_ADD, wake_.fd(), &event) < 0)
            throw std::system_error(errno, std::generic_category(), "hocket: watch an eventfd");
    }

    std::string_view name() const noexcept override { return "epoll"; }
    bool busy() const noexcept override { return waiting_ > 0 || looks_soon_; }

    void start(IoOperation& operation) noexcept override {
        if (operation.verb_ == IoVerb::connect && operation.begin_connect()) return operation.queue();
        if (!operation.descriptor_->registered_ && !watch(operation)) return operation.queue();
        ++waiting_;
        if (operation.chance()) operation.queue();
    }

    void go_on(IoOperation& operation) noexcept override {
        if (operation.attempt()) {
            --waiting_;
        } else if (operation.chance()) {
            operation.queue();  // it has had its share of this turn
        }
    }

    void cancel(IoOperation& operation) noexcept override {
        operation.finish(-ECANCELED);
        --waiting_;
        operation.queue();
    }

    void wait(Duration limit) noexcept override {
        looks_soon_ = false;
        const int count = wait_for_events(limit);
        for (int i = 0; i < count; ++i) {
            if (auto* descriptor = static_cast<Descriptor*>(events_[i].data.ptr)) {
                take(*descriptor, events_[i].events);
            } else {
                wake_.collect();
            }
        }
    }

    void wake() noexcept override { wake_.signal(); }
    void await_wakes(std::uint64_t promised) noexcept override { wake_.await(promised); }

private:
    static constexpr int kEvents = 256;

    // Registers the descriptor of `operation`; otherwise finishes the latter.
    static bool watch(IoOperation& operation) noexcept {
        Descriptor& descriptor = *operation.descriptor_;
        epoll_event event{};
        event.events = EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET;
        event.data.ptr = &descriptor;
        if (::epoll_ctl(descriptor.home_->epoll(), EPOLL_CTL_ADD, descriptor.fd_, &event) == 0) {
            descriptor.registered_ = true;
            return true;
        }
        // Regular files cannot be waited for (EPERM): they are always ready.
        if (errno != EPERM || !operation.attempt()) operation.finish(-errno);
        return false;
    }

    int wait_for_events(Duration limit) noexcept {
        const int epoll = home().epoll();
        if (limit == Duration::max()) return ::epoll_wait(epoll, events_, kEvents, -1);
        if (limit <= Duration::zero()) return ::epoll_wait(epoll, events_, kEvents, 0);
        const timespec exact{static_cast<std::time_t>(limit.count() / 1'000'000'000),
                             static_cast<long>(limit.count() % 1'000'000'000)};
        const int count = ::epoll_pwait2(epoll, events_, kEvents, &exact, nullptr);
        if (count >= 0 || errno != ENOSYS) return count;
        // Before Linux 5.11. Rounded up: waking before the deadline would only mean to wait again.
        const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(limit).count();
        return ::epoll_wait(epoll, events_, kEvents, static_cast<int>(std::min<long>(milliseconds, 1 << 30)));
    }

    void take(Descriptor& descriptor, std::uint32_t events) noexcept {
        constexpr std::uint32_t kFailed = EPOLLERR | EPOLLHUP;
        // From here on a short read proves nothing: the end is not announced again, and urgent data split the stream.
        if (events & (kFailed | EPOLLRDHUP | EPOLLPRI)) descriptor.hung_up_ = true;
        if (events & (kFailed | EPOLLRDHUP | EPOLLIN)) {
            descriptor.readable_ = true;
            news(descriptor.reader_, IoVerb::wait_readable);
        }
        if (events & (kFailed | EPOLLOUT)) {
            descriptor.writable_ = true;
            news(descriptor.writer_, IoVerb::wait_writable);
        }
    }

    void news(IoOperation* operation, IoVerb fulfilled) noexcept {
        if (!operation) return;
        if (operation->verb_ == fulfilled && !operation->finished_) {
            operation->finish(0);
            --waiting_;
        }
        operation->queue();
    }

    WakeEvent wake_;
    std::size_t waiting_ = 0;  // started and not finished
    epoll_event events_[kEvents];
};

std::unique_ptr<IoBackend> make_epoll_backend() { return std::make_unique<EpollBackend>(); }

}  // namespace hocket::detail
