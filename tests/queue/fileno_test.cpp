// The descriptor of a queue.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <unistd.h>

#include <thread>

#include "hocket/aio.hpp"
#include "hocket/queue.hpp"
#include "hocket/threading.hpp"

namespace hocket {
namespace {

bool readable(int descriptor, int milliseconds = 0) {
    pollfd poll_one{descriptor, POLLIN, 0};
    const int ready = ::poll(&poll_one, 1, milliseconds);
    EXPECT_GE(ready, 0);
    EXPECT_EQ(poll_one.revents & ~POLLIN, 0);
    return ready == 1;
}

TEST(QueueFileno, IsReadableExactlyWhileAnItemIsThere) {
    Queue<int> q;
    const int descriptor = q.fileno();
    EXPECT_EQ(q.fileno(), descriptor) << "it is made once";
    EXPECT_FALSE(readable(descriptor));
    for (int round = 0; round < 3; ++round) {
        q.put(1);
        EXPECT_TRUE(readable(descriptor));
        q.put(2);
        EXPECT_EQ(q.get(), 1);
        EXPECT_TRUE(readable(descriptor)) << "one is left";
        EXPECT_EQ(q.try_get(), 2);
        EXPECT_FALSE(readable(descriptor));
    }
}

TEST(QueueFileno, IsForSelectAndEpollToo) {
    Queue<int> q;
    const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
    epoll_event of_queue{};
    of_queue.events = EPOLLIN;
    ASSERT_EQ(::epoll_ctl(epoll, EPOLL_CTL_ADD, q.fileno(), &of_queue), 0);
    const auto by_epoll = [&] {
        epoll_event ready{};
        return ::epoll_wait(epoll, &ready, 1, 0) == 1;
    };
    const auto by_select = [&] {
        fd_set watched;
        FD_ZERO(&watched);
        FD_SET(q.fileno(), &watched);
        timeval at_once{};
        return ::select(q.fileno() + 1, &watched, nullptr, nullptr, &at_once) == 1;
    };
    for (int round = 0; round < 3; ++round) {
        EXPECT_FALSE(by_epoll());
        EXPECT_FALSE(by_select());
        q.put(1);
        EXPECT_TRUE(by_epoll());
        EXPECT_TRUE(by_epoll()) << "as long as it is there";
        EXPECT_TRUE(by_select());
        (void)q.get();
    }
    ::close(epoll);
}

TEST(QueueFileno, IsReadableAtOnceIfItemsAreThereAlready) {
    PriorityQueue<int> q;
    q.put(1, 1);
    EXPECT_TRUE(readable(q.fileno()));
    EXPECT_EQ(q.get(), 1);
    EXPECT_FALSE(readable(q.fileno()));
}

TEST(QueueFileno, KnowsOfPuttersThatWaitForRoom) {
    Queue<int> q(1);
    const int descriptor = q.fileno();
    q.put(1);
    Thread putter([&] { q.put(2); });
    EXPECT_EQ(q.get(), 1);
    EXPECT_TRUE(readable(descriptor, 60'000)) << "the second item came in the place of the first";
    EXPECT_EQ(q.get(), 2);
    EXPECT_FALSE(readable(descriptor));
    putter.join();
}

TEST(QueueFileno, StaysUnreadableForAnItemThatGoesToAWaitingGetter) {
    Queue<int> q;
    const int descriptor = q.fileno();
    Thread getter([&] { EXPECT_EQ(q.get(), 1); });
    q.put(1);
    getter.join();
    EXPECT_FALSE(readable(descriptor));
}

TEST(QueueFileno, IsUnreadableAfterAnImmediateShutdown) {
    LifoQueue<int> q;
    q.put(1);
    EXPECT_TRUE(readable(q.fileno()));
    q.shutdown();
    EXPECT_TRUE(readable(q.fileno())) << "the item can still be taken";
    q.shutdown(true);
    EXPECT_FALSE(readable(q.fileno()));
}

TEST(QueueFileno, IsTheSameForAllWhoAskAtOnce) {
    for (int round = 0; round < 200; ++round) {
        Queue<int> q;
        int one = -1;
        std::thread other([&] { one = q.fileno(); });
        const int two = q.fileno();
        other.join();
        EXPECT_EQ(one, two);
    }
}

TEST(QueueFileno, NoItemGoesUnnoticedByAPollingConsumer) {
    constexpr int kItems = 20'000;
    Queue<int> a(3);
    Queue<int> b;
    pollfd fds[2] = {{a.fileno(), POLLIN, 0}, {b.fileno(), POLLIN, 0}};
    Thread to_a([&] {
        for (int i = 0; i < kItems; ++i) a.put(i);
    });
    Thread to_b([&] {
        for (int i = 0; i < kItems; ++i) b.put(i);
    });
    int next_a = 0, next_b = 0;
    while (next_a + next_b < 2 * kItems) {
        ASSERT_GT(::poll(fds, 2, 60'000), 0) << "an item is there, but not to be seen";
        while (const auto item = a.try_get()) EXPECT_EQ(*item, next_a++);
        while (const auto item = b.try_get()) EXPECT_EQ(*item, next_b++);
    }
    EXPECT_FALSE(readable(fds[0].fd));
    EXPECT_FALSE(readable(fds[1].fd));
}

}  // namespace
}  // namespace hocket
