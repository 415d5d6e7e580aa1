#include "hocket/core/detail/timer_heap.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <utility>
#include <vector>

namespace hocket::detail {
namespace {

TimePoint at(std::int64_t nanoseconds) { return TimePoint(Duration(nanoseconds)); }

class TestTimer final : public Timer {
public:
    TestTimer() = default;
    ~TestTimer() = default;
    void expired() noexcept override {}
    void dropped() noexcept override {
        if (on_dropped) on_dropped();
    }
    std::function<void()> on_dropped;
};

std::vector<std::size_t> drain(TimerHeap& heap, const std::vector<TestTimer>& timers) {
    std::vector<std::size_t> order;
    while (Timer* timer = heap.pop_due(kNever)) {
        EXPECT_FALSE(timer->armed());
        order.push_back(static_cast<std::size_t>(static_cast<TestTimer*>(timer) - timers.data()));
    }
    return order;
}

TEST(TimerHeap, GivesTheEarliestThatIsDue) {
    TimerHeap heap;
    EXPECT_EQ(heap.next_deadline(), kNever);
    EXPECT_EQ(heap.pop_due(kNever), nullptr);
    TestTimer soon, later;
    heap.arm(later, at(20));
    heap.arm(soon, at(10));
    EXPECT_TRUE(soon.armed());
    EXPECT_EQ(heap.size(), 2u);
    EXPECT_EQ(heap.next_deadline(), at(10));
    EXPECT_EQ(heap.pop_due(at(9)), nullptr);
    EXPECT_EQ(heap.pop_due(at(10)), &soon);
    EXPECT_FALSE(soon.armed());
    EXPECT_EQ(heap.pop_due(at(19)), nullptr);
    EXPECT_EQ(heap.pop_due(at(1000)), &later);
    EXPECT_EQ(heap.size(), 0u);
    heap.arm(soon, at(-5));  // idle timers can be armed again; the past is as good as any time
    EXPECT_EQ(heap.pop_due(at(0)), &soon);
}

TEST(TimerHeap, KeepsTheOrderOfArmingForEqualDeadlines) {
    TimerHeap heap;
    std::vector<TestTimer> timers(1000);
    for (std::size_t i = 0; i < timers.size(); ++i) heap.arm(timers[i], at(static_cast<int>(i % 3)));
    std::vector<std::size_t> expected;
    for (std::size_t rest = 0; rest < 3; ++rest) {
        for (std::size_t i = rest; i < timers.size(); i += 3) expected.push_back(i);
    }
    EXPECT_EQ(drain(heap, timers), expected);
}

TEST(TimerHeap, HoldsDeadlinesThatNeverCome) {
    TimerHeap heap;
    std::vector<TestTimer> timers(3);
    heap.arm(timers[0], kNever);
    heap.arm(timers[1], TimePoint::min());
    heap.arm(timers[2], at(7));
    EXPECT_EQ(heap.pop_due(at(0)), &timers[1]);
    EXPECT_EQ(heap.pop_due(at(7)), &timers[2]);
    EXPECT_EQ(heap.next_deadline(), kNever);
    EXPECT_EQ(heap.pop_due(kNever - Duration(1)), nullptr);
    EXPECT_EQ(heap.size(), 1u);
    heap.cancel(timers[0]);
}

TEST(TimerHeap, CancelsInAnyOrder) {
    // 200 entries are enough for rebuilding, which happens when more than half of them are empty.
    std::minstd_rand random(3);
    for (std::size_t keep : {0u, 1u, 50u, 99u, 150u, 200u}) {
        TimerHeap heap;
        std::vector<TestTimer> timers(200);
        std::vector<std::pair<std::int64_t, std::size_t>> expected;
        for (std::size_t i = 0; i < timers.size(); ++i) {
            const auto deadline = static_cast<std::int64_t>(random() % 50);
            heap.arm(timers[i], at(deadline));
            expected.emplace_back(deadline, i);
        }
        std::shuffle(expected.begin(), expected.end(), random);
        while (expected.size() > keep) {
            TestTimer& timer = timers[expected.back().second];
            heap.cancel(timer);
            EXPECT_FALSE(timer.armed());
            heap.cancel(timer);  // does nothing
            expected.pop_back();
            EXPECT_EQ(heap.size(), expected.size());
        }
        std::sort(expected.begin(), expected.end());
        std::vector<std::size_t> indices;
        for (const auto& [deadline, index] : expected) indices.push_back(index);
        EXPECT_EQ(drain(heap, timers), indices);
    }
}

TEST(TimerHeap, BehavesAsASortedListUnderRandomOperations) {
    for (const unsigned span : {1u, 10u, 1000u, 1'000'000u}) {  // few different deadlines, or many
        std::minstd_rand random(span);
        TimerHeap heap;
        std::vector<std::unique_ptr<TestTimer>> timers;
        std::multimap<TimePoint, Timer*> model;  // equal keys in the order of insertion
        std::map<Timer*, std::multimap<TimePoint, Timer*>::iterator> place;
        std::vector<Timer*> idle;
        for (int i = 0; i < 500; ++i) {
            timers.push_back(std::make_unique<TestTimer>());
            idle.push_back(timers.back().get());
        }
        TimePoint present = at(0);
        for (int step = 0; step < 30'000; ++step) {
            // The mix changes, so that the heap becomes full and empty again and again.
            const unsigned arming = step / 1000 % 2 ? 2 : 5;
            const unsigned what = random() % 8;
            if (what < arming && !idle.empty()) {
                std::swap(idle[random() % idle.size()], idle.back());
                Timer* timer = idle.back();
                idle.pop_back();
                const TimePoint deadline = present + Duration(random() % span);
                heap.arm(*timer, deadline);
                place[timer] = model.emplace(deadline, timer);
            } else if (what < 7 && !place.empty()) {
                auto victim = place.lower_bound(timers[random() % timers.size()].get());
                if (victim == place.end()) victim = place.begin();
                heap.cancel(*victim->first);
                model.erase(victim->second);
                idle.push_back(victim->first);
                place.erase(victim);
            } else {
                present += Duration(random() % span / 4);
                while (!model.empty() && model.begin()->first <= present) {
                    Timer* expected = model.begin()->second;
                    ASSERT_EQ(heap.pop_due(present), expected);
                    model.erase(model.begin());
                    place.erase(expected);
                    idle.push_back(expected);
                }
                ASSERT_EQ(heap.pop_due(present), nullptr);
            }
            ASSERT_EQ(heap.size(), model.size());
            ASSERT_EQ(heap.next_deadline(), model.empty() ? kNever : model.begin()->first);
        }
        for (const auto& [timer, where] : place) heap.cancel(*timer);
    }
}

TEST(TimerHeap, TellsTheTimersThatAreLeftWhenItDies) {
    int dropped = 0;
    TestTimer armed, cancelled;
    armed.on_dropped = cancelled.on_dropped = [&] { ++dropped; };
    {
        TimerHeap heap;
        heap.arm(armed, at(1));
        heap.arm(cancelled, at(2));
        heap.cancel(cancelled);
    }
    EXPECT_EQ(dropped, 1);
    EXPECT_FALSE(armed.armed());
}

TEST(TimerHeap, ATimerThatIsDroppedMayCancelOthers) {
    constexpr std::size_t kTimers = 200;
    std::vector<std::unique_ptr<TestTimer>> timers;
    std::vector<int> ends(kTimers, 0);
    {
        TimerHeap heap;
        for (std::size_t i = 0; i < kTimers; ++i) {
            timers.push_back(std::make_unique<TestTimer>());
            heap.arm(*timers.back(), at(static_cast<std::int64_t>(i)));
        }
        for (std::size_t i = 0; i < kTimers; ++i) {
            timers[i]->on_dropped = [&, i] {
                ++ends[i];
                for (const std::size_t other : {i - 1, i + 1}) {
                    if (other >= kTimers || !timers[other]->armed()) continue;
                    heap.cancel(*timers[other]);
                    ++ends[other];
                }
            };
        }
    }
    EXPECT_EQ(ends, std::vector<int>(kTimers, 1));  // each was dropped or cancelled, and once
}

}  // namespace
}  // namespace hocket::detail
