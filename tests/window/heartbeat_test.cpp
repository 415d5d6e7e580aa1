// That the window never freezes, however much the engine does.
#include <QTimer>
#include <algorithm>
#include <fstream>
#include <sstream>
#include <thread>

#include "tool/serving.hpp"
#include "window/window_fixture.hpp"

namespace hocket::window {
namespace {

using Clock = std::chrono::steady_clock;

// How long this thread has been ready to run while the machine ran others.
std::chrono::nanoseconds waited_for_processor() {
    std::ifstream file("/proc/thread-self/schedstat");
    std::int64_t ran = 0;
    std::int64_t waited = 0;
    file >> ran >> waited;
    return std::chrono::nanoseconds(waited);
}

// A timer of the window's thread that beats each 5 ms: a longer gap is time for which the window did not react. What
// the machine had no processor for is not the window's doing, and not counted.
class Heartbeat {
public:
    Heartbeat() {
        timer_.setTimerType(Qt::PreciseTimer);
        QObject::connect(&timer_, &QTimer::timeout, &timer_, [this] { beat(); });
        timer_.start(5);
    }
    // Until now.
    std::chrono::nanoseconds longest_gap() {
        beat();
        return longest_;
    }

private:
    void beat() {
        const Clock::time_point now = Clock::now();
        const std::chrono::nanoseconds waited = waited_for_processor();
        longest_ = std::max(longest_, (now - last_) - (waited - waited_));
        last_ = now;
        waited_ = waited;
    }
    QTimer timer_;
    Clock::time_point last_ = Clock::now();
    std::chrono::nanoseconds waited_ = waited_for_processor();
    std::chrono::nanoseconds longest_{0};
};

constexpr auto kLongestGap = testing::kSanitized ? 500ms : 50ms;
constexpr double kRate = testing::kSanitized ? 500 : 50'000;

double seconds_of_processor(pid_t process) {
    std::ifstream file("/proc/" + std::to_string(process) + "/stat");
    std::string text;
    std::getline(file, text);
    std::istringstream fields(text.substr(text.rfind(')') + 1));
    std::string skipped;
    for (int i = 0; i < 11; ++i) fields >> skipped;
    double user = 0;
    double system = 0;
    fields >> user >> system;
    return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

// Of all processors, by everybody; interrupts too, and what other virtual machines have taken.
double seconds_of_all_processors() {
    std::ifstream file("/proc/stat");
    std::string name;
    double user = 0, nice = 0, system = 0, idle = 0, waiting = 0, interrupts = 0, soft_interrupts = 0, stolen = 0;
    file >> name >> user >> nice >> system >> idle >> waiting >> interrupts >> soft_interrupts >> stolen;
    return (user + nice + system + interrupts + soft_interrupts + stolen) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

TEST_F(WindowTest, reacts_within_50_ms_while_50000_requests_a_second_are_made) {
    testing::Serving server;
    type("url", server.url());
    type("connections", "50");
    type("duration", "1500ms");
    double best = 0;
    std::chrono::nanoseconds shortest = 1h;  // longest gap of a test that made so many
    const auto used_by_others = [&] {
        return seconds_of_all_processors() - seconds_of_processor(::getpid()) -
               seconds_of_processor(server.tool().pid());
    };
    const double used_before = used_by_others();
    const auto began = Clock::now();
    // Where the machine does other things too, it may take a few tests until one gets the processors.
    for (int i = 0; i < 12; ++i) {
        Heartbeat heart;
        press();
        wait_for_end();
        ASSERT_EQ(window_->current()->state(), TestRun::State::finished) << status();
        const double rate = window_->current()->summary()->requests_per_second();
        const std::chrono::nanoseconds gap = heart.longest_gap();
        best = std::max(best, rate);
        RecordProperty("longest_gap_us", static_cast<int>(gap / 1us));
        RecordProperty("requests_per_second", static_cast<int>(rate));
        if (rate >= kRate) shortest = std::min(shortest, gap);
        if (shortest <= kLongestGap) return;
    }
    if (best < kRate)
        GTEST_SKIP() << "this machine makes only " << static_cast<int>(best) << " requests a second with the window";
    const double available =
        std::chrono::duration<double>(Clock::now() - began).count() * std::thread::hardware_concurrency();
    const double share = (used_by_others() - used_before) / available;
    if (share > 0.3) GTEST_SKIP() << "others used " << static_cast<int>(100 * share) << " % of the processors";
    FAIL() << "in each test with so many requests the window was held for at least "
           << std::chrono::duration<double, std::milli>(shortest).count() << " ms";
}

TEST_F(WindowTest, reacts_to_cancel_at_once_however_much_is_being_done) {
    CountingServer server;
    test(server.url(), "1000000000");
    wait_until([&] { return server.requests() > 1000; });
    press();
    const auto pressed = Clock::now();
    EXPECT_EQ(button_text(), "Submit");
    wait_for_end();
    EXPECT_LT(Clock::now() - pressed, testing::kOneSecond);
}

}  // namespace
}  // namespace hocket::window
