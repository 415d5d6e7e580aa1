// The work-stealing deque under every interleaving of its owner and its thieves.
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>

#include "hocket/futures/detail/work_deque.hpp"
#include "model/model.hpp"

namespace hocket::detail {
namespace {

using Deque = WorkDeque<int>;

// Items, and how often each was taken.
struct Items {
    explicit Items(std::size_t capacity) : deque(capacity) {}
    void push(std::size_t index) { deque.push(&taken[index], Deque::Publish::at_once); }
    void pop() { count(deque.pop()); }
    void steal(Deque::Position floor = 0) { count(deque.steal(floor)); }
    static void count(int* item) {
        if (item) ++*item;
    }
    // Whether the first `pushed` were taken at most once each, and what is left is still there.
    std::string check(std::size_t pushed) {
        while (int* item = deque.pop()) ++*item;
        for (std::size_t i = 0; i < taken.size(); ++i) {
            if (taken[i] != (i < pushed ? 1 : 0))
                return "item " + std::to_string(i) + " was taken " + std::to_string(taken[i]) + " times";
        }
        return "";
    }
    Deque deque;
    std::array<int, 4> taken{};
};

model::Result explore(const std::function<model::Run(const std::shared_ptr<Items>&)>& make, std::size_t capacity,
                      int preemptions) {
    model::Options options;
    options.preemptions = preemptions;
    return model::explore([&] { return make(std::make_shared<Items>(capacity)); }, options);
}

void expect_right(const model::Result& result, std::size_t at_least) {
    EXPECT_EQ(result.failure, "");
    EXPECT_TRUE(result.complete) << "only " << result.schedules << " schedules were tried";
    EXPECT_GE(result.schedules, at_least);
    ::testing::Test::RecordProperty("schedules", static_cast<int>(result.schedules));
}

TEST(WorkDequeModel, TheLastItemGoesToOwnerOrThief) {
    const auto result = explore(
        [](const std::shared_ptr<Items>& items) {
            items->push(0);
            return model::Run{{[items] { items->pop(); }, [items] { items->steal(); }, [items] { items->steal(); }},
                              [items] { return items->check(1); }};
        },
        2, 4);
    expect_right(result, 100);
}

TEST(WorkDequeModel, NoItemIsTakenTwiceOrLost) {
    const auto result = explore(
        [](const std::shared_ptr<Items>& items) {
            const auto owner = [items] {
                items->push(0);
                items->push(1);
                items->pop();
                items->push(2);
                items->pop();
            };
            const auto thief = [items] {
                items->steal();
                items->steal();
            };
            return model::Run{{owner, thief}, [items] { return items->check(3); }};
        },
        4, 4);
    expect_right(result, 1000);
}

TEST(WorkDequeModel, TwoThievesAndAnOwnerShareTwoItems) {
    const auto result = explore(
        [](const std::shared_ptr<Items>& items) {
            const auto owner = [items] {
                items->push(0);
                items->push(1);
                items->pop();
                items->pop();
            };
            const auto thief = [items] { items->steal(); };
            return model::Run{{owner, thief, thief}, [items] { return items->check(2); }};
        },
        4, 3);
    expect_right(result, 1000);
}

TEST(WorkDequeModel, GrowsWhileItIsStolenFrom) {
    const auto result = explore(
        [](const std::shared_ptr<Items>& items) {
            const auto owner = [items] {
                for (std::size_t i = 0; i < 4; ++i) items->push(i);
                items->pop();
            };
            const auto thief = [items] {
                items->steal();
                items->steal();
            };
            return model::Run{{owner, thief}, [items] { return items->check(4); }};
        },
        2, 4);
    expect_right(result, 1000);
}

TEST(WorkDequeModel, AFloorKeepsOlderItemsFromAThief) {
    const auto result = explore(
        [](const std::shared_ptr<Items>& items) {
            items->push(0);
            const auto floor = items->deque.next_position();
            const auto stolen = std::make_shared<int*>(nullptr);
            const auto owner = [items] {
                items->push(1);
                items->pop();
                items->pop();
            };
            return model::Run{{owner,
                               [items, floor, stolen] {
                                   *stolen = items->deque.steal(floor);
                                   Items::count(*stolen);
                               }},
                              [items, stolen] {
                                  if (*stolen == &items->taken[0]) return std::string("an older item was stolen");
                                  return items->check(2);
                              }};
        },
        4, 4);
    expect_right(result, 10);
}

}  // namespace
}  // namespace hocket::detail
