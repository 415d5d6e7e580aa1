#include "hocket/process/pipe.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "hocket/aio.hpp"
#include "hocket/process/process.hpp"
#include "hocket/threading.hpp"
#include "process/traces.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;

TEST(Pipe, CarriesMessagesBothWays) {
    auto [mine, theirs] = Pipe<std::string, int>();
    Process process(
        [](PipeEnd<int, std::string> end) {
            for (;;) end.send(static_cast<int>(end.recv().size()));
        },
        std::move(theirs));
    EXPECT_TRUE(theirs.closed());
    mine.send("four");
    mine.send(std::string(100'000, 'x'));  // in memory of its own
    mine.send("");
    EXPECT_EQ(mine.recv(), 4);
    EXPECT_EQ(mine.recv(), 100'000);
    EXPECT_EQ(mine.recv_for(10s), 0);
    EXPECT_EQ(mine.try_recv(), std::nullopt);
    EXPECT_EQ(mine.recv_for(1ms), std::nullopt);
}

TEST(Pipe, TheEndIsNoticed) {
    Pipe<int> pipe;
    Process process([](PipeEnd<int> end) { end.send(1); }, std::move(pipe.second));
    process.join();
    EXPECT_TRUE(pipe.first.poll(0s));
    EXPECT_EQ(pipe.first.recv(), 1);  // what was sent before arrives
    EXPECT_THROW(pipe.first.recv(), PipeClosed);
    EXPECT_THROW(pipe.first.send(2), PipeClosed);
    pipe.first.close();
    EXPECT_THROW(pipe.first.send(2), InvalidStateError);
}

TEST(Pipe, AFullOneBlocksAndGivesUp) {
    const Pipe<int> pipe;
    int sent = 0;
    while (pipe.first.send_for(sent, 0s)) ++sent;
    ASSERT_GT(sent, 50);
    Thread reader([&] {
        for (int i = 0; i <= sent; ++i) EXPECT_EQ(pipe.second.recv(), i);
    });
    pipe.first.send(sent);
    reader.join();
}

TEST(Pipe, ReceivingIsCancellable) {
    const Pipe<int> pipe;
    Event receiving;
    Thread thread([&] {
        receiving.set();
        (void)pipe.first.recv();
    });
    receiving.wait();
    thread.cancel();
    EXPECT_THROW(thread.join(), CancelledError);
}

TEST(Pipe, EndsTravelThroughPipes) {
    const Pipe<PipeEnd<int>> carrier;
    Pipe<int> inner;
    carrier.first.send(std::move(inner.second));
    const PipeEnd<int> arrived = carrier.second.recv();
    arrived.send(5);
    EXPECT_EQ(inner.first.recv(), 5);
}

Task<int> sum_of(PipeEnd<int> end) {
    int sum = 0;
    for (;;) {
        const int next = co_await end.async_recv();
        if (next == 0) co_return sum;
        sum += next;
    }
}
Task<void> send_up_to(PipeEnd<int> end, int last) {
    for (int i = last; i >= 0; --i) co_await end.async_send(i);
}
Task<int> both() {
    Pipe<int> pipe;
    auto receiver = create_task(sum_of(std::move(pipe.first)));
    co_await send_up_to(std::move(pipe.second), 2000);  // more than a pipe holds
    co_return co_await std::move(receiver);
}

TEST(Pipe, IsForTasksToo) { EXPECT_EQ(run(both()), 2'001'000); }

TEST(Pipe, LeavesNothingBehind) {
    const auto before = testing::open_descriptors();
    {
        const Pipe<std::string> pipe;
        for (int i = 0; i < 10; ++i) {
            pipe.first.send(std::string(50'000, 'x'));
            (void)pipe.second.recv();
        }
        pipe.first.send(std::string(50'000, 'x'));  // never received
    }
    EXPECT_EQ(testing::open_descriptors(), before);
}

}  // namespace
}  // namespace hocket
