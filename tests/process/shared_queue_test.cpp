#include "hocket/process/shared_queue.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <map>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "hocket/core/errors.hpp"
#include "hocket/process/shared_value.hpp"
#include "hocket/threading.hpp"
#include "process/forked_child.hpp"
#include "process/there_and_back.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;
using testing::await_asleep;
using testing::ForkedChild;
using ::testing::HasSubstr;

TEST(SharedQueue, IsFirstInFirstOutAndBounded) {
    SharedQueue<int> queue(3);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(queue.try_put(i));
    EXPECT_FALSE(queue.try_put(3));
    EXPECT_FALSE(queue.put_for(3, 1ms));
    EXPECT_TRUE(queue.full());
    EXPECT_EQ(queue.size(), 3u);
    EXPECT_EQ(queue.get(), 0);
    queue.put(3);
    for (int i = 1; i < 4; ++i) EXPECT_EQ(queue.try_get(), i);
    EXPECT_EQ(queue.try_get(), std::nullopt);
    EXPECT_EQ(queue.get_for(1ms), std::nullopt);
    EXPECT_TRUE(queue.empty());
    EXPECT_EQ(queue.max_size(), 3u);
}

TEST(SharedQueue, CarriesWhatCanBeSerialised) {
    using Item = std::map<std::string, std::vector<int>>;
    SharedQueue<Item> queue(10, 1000);
    for (int round = 0; round < 100; ++round) {  // around the ring several times
        const Item item{{"a", {round, 2}}, {std::string(static_cast<std::size_t>(round), 'x'), {}}};
        queue.put(item);
        queue.put(Item());
        EXPECT_EQ(queue.get(), item);
        EXPECT_EQ(queue.get(), Item());
    }
}

TEST(SharedQueue, BoundsItemsThatAreSerialisedByNumberAndBytes) {
    SharedQueue<std::string> queue(3, 256);
    EXPECT_TRUE(queue.try_put(std::string(100, 'a')));
    EXPECT_TRUE(queue.try_put(std::string(100, 'b')));
    EXPECT_FALSE(queue.try_put(std::string(100, 'c')));
    EXPECT_TRUE(queue.try_put(""));
    EXPECT_FALSE(queue.try_put(""));
    EXPECT_EQ(queue.get(), std::string(100, 'a'));
    EXPECT_TRUE(queue.try_put(std::string(100, 'c')));
    EXPECT_EQ(queue.get(), std::string(100, 'b'));
    try {
        queue.put(std::string(300, 'x'));
        ADD_FAILURE();
    } catch (const std::length_error& error) {
        EXPECT_THAT(error.what(), HasSubstr("made with room for 256 bytes"));
    }
}

TEST(SharedQueue, RefusesWhatTakesDescriptorsAlong) {
    SharedQueue<SharedValue<int>> queue(3);
    EXPECT_THROW(queue.put(SharedValue<int>(1)), std::invalid_argument);
    EXPECT_THROW(SharedQueue<int>(0), std::invalid_argument);
    EXPECT_THROW(SharedQueue<int>(1u << 31), std::length_error);
    EXPECT_THROW((void)SharedQueue<long>::from_descriptor(SharedQueue<std::array<int, 20>>(3).descriptor()),
                 std::invalid_argument);
    EXPECT_THROW((void)SharedQueue<long>::from_descriptor(SharedQueue<std::string>(3).descriptor()),
                 std::invalid_argument);
}

TEST(SharedQueue, TakesEachItemOnceFromManyToMany) {
    constexpr long kEach = 20'000;
    SharedQueue<long> queue(64), sums(8);
    const auto produce = [&](long first) {
        for (long i = first; i < first + kEach; ++i) queue.put(i);
    };
    const auto consume = [&] {
        SharedQueue<long> sent = testing::there_and_back(queue);
        long sum = 0;
        for (const long item : sent) sum += item;
        sums.put(sum);
    };
    std::vector<ForkedChild> producers, consumers;
    for (int i = 0; i < 2; ++i) consumers.emplace_back(consume);
    for (int i = 0; i < 2; ++i) producers.emplace_back([&, i] { produce(i * kEach); });
    for (auto& child : producers) EXPECT_EQ(child.wait(), 0);
    queue.shutdown();
    for (auto& child : consumers) EXPECT_EQ(child.wait(), 0);
    EXPECT_EQ(sums.get() + sums.get(), 2 * kEach * (2 * kEach - 1) / 2);
}

TEST(SharedQueue, WakesWhoWaits) {
    SharedQueue<int> requests(1), answers(1);
    ForkedChild child([&] {
        for (const int request : requests) answers.put(2 * request);
    });
    for (int i = 0; i < 2'000; ++i) {
        requests.put(i);
        EXPECT_EQ(answers.get(), 2 * i);
    }
    await_asleep(child.pid());
    requests.shutdown();
    EXPECT_EQ(child.wait(), 0);
}

TEST(SharedQueue, ShutDownTakesNoMoreAndGivesWhatThereIs) {
    SharedQueue<int> queue(2);
    queue.put(1);
    queue.put(2);
    ForkedChild putter([&] { EXPECT_THROW(queue.put(3), QueueShutDown); });
    await_asleep(putter.pid());
    queue.shutdown();
    EXPECT_EQ(putter.wait(), 0);
    EXPECT_TRUE(queue.is_shut_down());
    EXPECT_THROW((void)queue.try_put(3), QueueShutDown);
    EXPECT_EQ(queue.get(), 1);
    queue.shutdown(true);
    EXPECT_THROW((void)queue.get(), QueueShutDown);
    EXPECT_THROW((void)queue.try_get(), QueueShutDown);
    queue.task_done();
    queue.join();
}

TEST(SharedQueue, JoinWaitsUntilAllIsDone) {
    SharedQueue<int> queue(10);
    EXPECT_THROW(queue.task_done(), std::logic_error);
    for (int i = 0; i < 5; ++i) queue.put(i);
    EXPECT_FALSE(queue.join_for(1ms));
    const pid_t joiner = ::getpid();
    ForkedChild worker([&] {
        for (int i = 0; i < 5; ++i) {
            (void)queue.get();
            if (i == 4) await_asleep(joiner);
            queue.task_done();
        }
    });
    queue.join();
    EXPECT_EQ(worker.wait(), 0);
}

TEST(SharedQueue, AWaitIsCancelled) {
    SharedQueue<int> queue(1);
    std::atomic<pid_t> waiter = 0;
    Thread thread([&] {
        waiter = ::gettid();
        (void)queue.get();
    });
    while (waiter == 0) ::sched_yield();
    await_asleep(waiter);
    thread.cancel();
    EXPECT_THROW(thread.join(), CancelledError);
    queue.put(1);
    EXPECT_EQ(queue.get(), 1);
}

}  // namespace
}  // namespace hocket
