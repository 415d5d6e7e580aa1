// Watch: descriptors of all sorts as something to wait for.
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>

#include <csignal>
#include <memory>

#include "net/net_fixture.hpp"

namespace hocket::test {
namespace {

class WatchTest : public OnBothBackends {};
HOCKET_ON_BOTH_BACKENDS(WatchTest);

Task<void> readable(Watch& watch) { co_await watch.async_wait_readable(); }

/// Waits in vain, then for what `make_readable()` does; `take()` reads until the descriptor would block.
template <class Make, class Take>
Task<void> watch_three_times(Watch& watch, Make make_readable, Take take) {
    for (int i = 0; i < 3; ++i) {
        Future<void> waiting = create_task(readable(watch));
        co_await settle();
        EXPECT_FALSE(waiting.done()) << "readable, though nothing has happened";
        make_readable();
        co_await waiting;
        take();
        watch.rearm();
    }
}

TEST_P(WatchTest, APipe) {
    run([]() -> Task<void> {
        int fds[2];
        checked(::pipe2(fds, O_NONBLOCK | O_CLOEXEC), "pipe2");
        {
            Watch watch(fds[0]);
            ::close(fds[0]);  // the watch has a descriptor of its own
            char data[10];
            auto take = [&] {
                EXPECT_EQ(::read(watch.fileno(), data, sizeof data), 1);
                EXPECT_LT(::read(watch.fileno(), data, sizeof data), 0);
            };
            co_await watch_three_times(
                watch, [&] { EXPECT_EQ(::write(fds[1], "x", 1), 1); }, take);
            Future<void> end = create_task(readable(watch));
            co_await settle();
            EXPECT_FALSE(end.done());
            ::close(fds[1]);
            co_await end;
            EXPECT_EQ(::read(watch.fileno(), data, sizeof data), 0);
        }
    });
}

TEST_P(WatchTest, AnEventfd) {
    run([]() -> Task<void> {
        const int fd = checked(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd");
        Watch watch(fd);
        const std::uint64_t one = 1;
        std::uint64_t value = 0;
        auto make = [&] { EXPECT_EQ(::write(fd, &one, sizeof one), 8); };
        auto take = [&] { EXPECT_EQ(::read(watch.fileno(), &value, sizeof value), 8); };
        co_await watch_three_times(watch, make, take);
        ::close(fd);
    });
}

TEST_P(WatchTest, ASignalfd) {
    sigset_t set, before;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGUSR1);
    ::pthread_sigmask(SIG_BLOCK, &set, &before);
    run([&]() -> Task<void> {
        const int fd = checked(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC), "signalfd");
        Watch watch(fd);
        ::close(fd);
        signalfd_siginfo info{};
        auto make = [] { ::pthread_kill(::pthread_self(), SIGUSR1); };
        auto take = [&] {
            EXPECT_EQ(::read(watch.fileno(), &info, sizeof info), static_cast<ssize_t>(sizeof info));
            EXPECT_EQ(info.ssi_signo, static_cast<std::uint32_t>(SIGUSR1));
        };
        co_await watch_three_times(watch, make, take);
    });
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST_P(WatchTest, FindsWhatWasThereBefore) {
    run([]() -> Task<void> {
        const int fd = checked(::eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd");
        Watch watch(fd);
        co_await watch.async_wait_readable();
        co_await watch.async_wait_readable();  // nobody has read it
        ::close(fd);
    });
}

TEST_P(WatchTest, MayBeCancelledAndDestroyed) {
    run([]() -> Task<void> {
        const std::size_t before = open_descriptors();
        const int fd = checked(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd");
        auto watch = std::make_unique<Watch>(fd);
        Future<void> waiting = create_task(readable(*watch));
        co_await settle();
        waiting.cancel();
        bool cancelled = false;
        try {
            co_await waiting;
        } catch (const CancelledError&) {
            cancelled = true;
        }
        EXPECT_TRUE(cancelled);

        Future<std::error_code> orphan = create_task(error_of(watch->async_wait_readable()));
        co_await settle();
        watch.reset();
        const std::error_code error = co_await orphan;
        EXPECT_EQ(error, std::errc::operation_canceled);
        ::close(fd);
        EXPECT_EQ(open_descriptors(), before);
    });
}

TEST_P(WatchTest, RefusesWhatIsNoDescriptor) { EXPECT_THROW(Watch(-1), std::system_error); }

}  // namespace
}  // namespace hocket::test
