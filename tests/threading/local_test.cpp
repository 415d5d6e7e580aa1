#include "hocket/threading/local.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>

#include "hocket/aio.hpp"
#include "hocket/core/context_var.hpp"
#include "hocket/threading.hpp"

namespace hocket {
namespace {

struct Counted {
    explicit Counted(std::atomic<int>& live) : live(&live) { ++live; }
    Counted(Counted&& other) noexcept : live(std::exchange(other.live, nullptr)) {}
    ~Counted() {
        if (live) --*live;
    }
    std::atomic<int>* live;
};

TEST(Local, IsMadeOncePerThreadAndInstance) {
    std::atomic<int> made{0};
    Local<int> first([&] { return ++made; });
    Local<int> second([&] { return ++made; });
    Thread([&] { EXPECT_EQ(&*first, &*first); }).join();
    EXPECT_EQ(made, 1);
    EXPECT_NE(*first, *second);
    EXPECT_EQ(made, 3);
}

TEST(Local, DiesWithItsThread) {
    std::atomic<int> live{0};
    Local<Counted> local([&] { return Counted(live); });
    (void)*local;
    int in_thread = 0;
    Thread([&] {
        (void)*local;
        in_thread = live;
    }).join();
    EXPECT_EQ(in_thread, 2);
    EXPECT_EQ(live, 1);
}

TEST(Local, DiesWithTheLocalInAllThreads) {
    std::atomic<int> live{0};
    Event used, may_end;
    std::optional<Local<Counted>> local;
    local.emplace([&] { return Counted(live); });
    Thread thread([&] {
        (void)**local;
        used.set();
        may_end.wait();
    });
    used.wait();
    EXPECT_EQ(live, 1);
    local.reset();
    EXPECT_EQ(live, 0);
    may_end.set();
    thread.join();
}

TEST(Local, TriesAgainAfterAFactoryThrew) {
    int calls = 0;
    Local<int> local([&] { return ++calls == 1 ? throw std::runtime_error("not yet") : calls; });
    EXPECT_THROW(local.get(), std::runtime_error);
    EXPECT_EQ(local.get(), 2);
    local.reset();
    EXPECT_EQ(local.get(), 3);
}

TEST(ContextVar, IsSetAndReset) {
    ContextVar<std::string> var("user");
    EXPECT_THROW((void)var.get(), InvalidStateError);
    EXPECT_EQ(var.get("nobody"), "nobody");
    auto first = var.set("a");
    auto second = var.set("b");
    EXPECT_EQ(var.get(), "b");
    var.reset(std::move(second));
    EXPECT_EQ(var.get(), "a");
    ContextVar<std::string> other("other", "default");
    EXPECT_EQ(other.get(), "default");
    auto token = other.set("x");
    EXPECT_THROW(var.reset(std::move(token)), InvalidStateError);
    var.reset(std::move(first));
    EXPECT_THROW((void)var.get(), InvalidStateError);
}

TEST(ContextVar, IsInheritedByThreadsAsACopy) {
    ContextVar<int> var(0);
    var.set(7);
    int inherited = 0;
    Thread thread([&] {
        inherited = var.get();
        var.set(8);
    });
    thread.join();
    EXPECT_EQ(inherited, 7);
    EXPECT_EQ(var.get(), 7);
}

Task<int> read_and_set(ContextVar<int>& var, int value) {
    const int before = var.get();
    var.set(value);
    co_await yield_now();
    EXPECT_EQ(var.get(), value);
    co_return before;
}

Task<void> parent(ContextVar<int>& var) {
    var.set(2);
    auto [a, b] = co_await gather(read_and_set(var, 3), read_and_set(var, 4));
    EXPECT_EQ(a, 2);
    EXPECT_EQ(b, 2);
    EXPECT_EQ(var.get(), 2);
}

TEST(ContextVar, IsInheritedByTasksAsACopy) {
    ContextVar<int> var(0);
    var.set(1);
    run(parent(var));
    EXPECT_EQ(var.get(), 1);
}

TEST(ContextVar, EnterContextIsLeftAgain) {
    ContextVar<int> var(0);
    var.set(1);
    const detail::ContextRef captured = detail::current_context();
    var.set(2);
    {
        const detail::EnterContext scope(captured);
        EXPECT_EQ(var.get(), 1);
        var.set(3);
    }
    EXPECT_EQ(var.get(), 2);
}

}  // namespace
}  // namespace hocket
