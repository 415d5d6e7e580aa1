// Loops that spin before they sleep, when that pays, and only then.
#include "hocket/aio/detail/wake_rate.hpp"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "hocket/aio/loop_thread.hpp"
#include "hocket/core/detail/spin_wait.hpp"
#include "io_fixture.hpp"

namespace hocket::test {
namespace {

using detail::WakeRate;

TEST(WakeRate, SpinsAfterManyWakesInAShortTime) {
    WakeRate rate;
    EXPECT_FALSE(rate.should_spin());
    for (int i = 0; i < 7; ++i) rate.woken(100);
    EXPECT_FALSE(rate.should_spin());
    rate.woken(104);
    EXPECT_TRUE(rate.should_spin());
}

TEST(WakeRate, DoesNotSpinForWakesNowAndThen) {
    WakeRate rate;
    for (std::uint32_t now = 0; now < 1000; ++now) rate.woken(now);  // one each millisecond
    EXPECT_FALSE(rate.should_spin());
}

TEST(WakeRate, GivesUpAfterAFewVainAttempts) {
    WakeRate rate;
    for (int i = 0; i < 8; ++i) rate.woken(0xFFFF'FFFF);  // the clock is about to begin anew
    int attempts = 0;
    for (; rate.should_spin(); ++attempts) {
        if (attempts == 3) rate.paid();
        rate.wasted();
    }
    EXPECT_GT(attempts, 3);
    EXPECT_LT(attempts, 20);
}

class Spinning : public OnBothBackends {};
HOCKET_ON_BOTH_BACKENDS(Spinning);

TEST_P(Spinning, ALoopThatWasPostedToOftenIsIdleAgainAfterwards) {
    LoopThread other("other", options());
    const auto nothing = []() -> Task<void> { co_return; };
    const auto body = [&]() -> Task<Duration> {
        for (int i = 0; i < 1000; ++i) co_await other.submit(nothing());
        const auto pair = unix_pair();
        const auto waits = [](const End& end) -> Task<void> { co_await read(end); };
        Future<void> reader = create_task(waits(pair.second));
        co_await sleep(10ms);
        const auto before = thread_time();
        co_await sleep(100ms);
        const auto after = thread_time();
        send_now(pair.first, "x");
        co_await reader;
        co_return after - before;
    };
    EXPECT_LT(hocket::run(timeout(30s, body()), options()), 10ms);
}

// Posts to a loop that has nothing else to do, one at a time, each when it has had the time to fall asleep after the
// last. For each, how often posts had woken the loop by then.
std::vector<std::uint64_t> wakes_of_posts(LoopOptions options) {
    constexpr int kPosts = 200;
    constexpr auto kTimeToFallAsleep = 15us;
    static_assert(kTimeToFallAsleep < WakeRate::kSpin);
    EventLoop loop(options);
    std::thread runs([&] { loop.run_forever(); });
    std::atomic<int> seen{0};
    std::vector<std::uint64_t> wakes(kPosts + 1);
    for (int i = 1; i <= kPosts; ++i) {
        loop.call_soon_threadsafe([&, i] {
            wakes[static_cast<std::size_t>(i)] = loop.wakes();
            seen = i;
        });
        for (int looks = 0; seen != i; ++looks) {
            if (looks > 10'000) std::this_thread::yield();
        }
        const auto next = std::chrono::steady_clock::now() + kTimeToFallAsleep;
        while (std::chrono::steady_clock::now() < next) detail::pause_spinning();
    }
    loop.stop();
    runs.join();
    return wakes;
}

// Whether there are eight posts one after another of which `wanted(how many of them woke the loop)` holds. A busy
// machine takes the processor from a loop in the middle of its spinning, hence tries again for a while.
template <class Wanted>
bool eight_posts(LoopOptions options, Wanted wanted) {
    constexpr std::size_t kInRow = 8;
    const auto end = std::chrono::steady_clock::now() + 40s;
    while (std::chrono::steady_clock::now() < end) {
        const std::vector<std::uint64_t> wakes = wakes_of_posts(options);
        for (std::size_t i = kInRow; i < wakes.size(); ++i) {
            if (wanted(wakes[i] - wakes[i - kInRow])) return true;
        }
    }
    return false;
}

TEST_P(Spinning, ALoopThatIsPostedToOftenIsAwakeWhenTheNextPostComes) {
    if (!detail::can_spin()) GTEST_SKIP() << "NOT TESTED: there is one processor, on which no loop spins";
    EXPECT_TRUE(eight_posts(options(), [](std::uint64_t woke) { return woke <= 3; }));
}

// The same posts to a loop that does not spin: one with a clock of the program's own.
TEST_P(Spinning, ALoopThatDoesNotSpinIsWokenByEachPost) {
    class RealTime final : public Clock {
    public:
        TimePoint now() noexcept override { return std::chrono::steady_clock::now(); }
        Duration time_to_wait(TimePoint deadline) noexcept override {
            return deadline == kNever ? Duration::max() : std::max(deadline - now(), Duration::zero());
        }
    };
    RealTime clock;
    LoopOptions chosen = options();
    chosen.clock = &clock;
    EXPECT_TRUE(eight_posts(chosen, [](std::uint64_t woke) { return woke >= 7; }));
}

}  // namespace
}  // namespace hocket::test
