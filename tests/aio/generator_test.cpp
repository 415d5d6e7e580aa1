#include "hocket/aio/generator.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <ranges>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace hocket {
namespace {

Generator<int> count(int from, int to) {
    for (; from < to; ++from) co_yield from;
}

Generator<int> fails_after(int good) {
    for (int i = 0; i < good; ++i) co_yield i;
    throw std::runtime_error("no more");
}

TEST(Generator, IsARangeOfWhatItYields) {
    std::vector<int> seen;
    for (int n : count(2, 5)) seen.push_back(n);
    EXPECT_EQ(seen, (std::vector<int>{2, 3, 4}));
}

TEST(Generator, IsAnInputRangeForTheAlgorithms) {
    static_assert(std::ranges::input_range<Generator<int>>);
    auto numbers = count(0, 10);
    EXPECT_EQ(std::ranges::count_if(numbers, [](int n) { return n % 2 == 0; }), 5);
}

TEST(Generator, RunsNothingBeforeItIsAsked) {
    bool begun = false;
    const auto body = [](bool& begun) -> Generator<int> {
        begun = true;
        co_yield 1;
    };
    auto generator = body(begun);
    EXPECT_FALSE(begun);
    EXPECT_EQ(*generator.next(), 1);
    EXPECT_TRUE(begun);
}

TEST(Generator, GivesNullAtItsEndAgainAndAgain) {
    auto generator = count(0, 1);
    EXPECT_NE(generator.next(), nullptr);
    EXPECT_EQ(generator.next(), nullptr);
    EXPECT_EQ(generator.next(), nullptr);
    EXPECT_TRUE(generator.done());
}

TEST(Generator, PassesItsExceptionOnAndEnds) {
    auto generator = fails_after(1);
    EXPECT_EQ(*generator.next(), 0);
    EXPECT_THROW(generator.next(), std::runtime_error);
    EXPECT_EQ(generator.next(), nullptr);
}

TEST(Generator, DestroysTheObjectsOfItsBodyWhenLeftEarly) {
    const auto body = [](std::shared_ptr<int> held) -> Generator<int> {
        for (int i = 0;; ++i) co_yield i + *held;
    };
    auto held = std::make_shared<int>(1);
    {
        auto endless = body(held);
        endless.next();
        EXPECT_EQ(held.use_count(), 2);
    }
    EXPECT_EQ(held.use_count(), 1);
}

TEST(Generator, YieldsMoveOnlyObjects) {
    const auto body = []() -> Generator<std::unique_ptr<int>> {
        co_yield std::make_unique<int>(1);
        auto named = std::make_unique<int>(2);
        co_yield std::move(named);
    };
    std::vector<std::unique_ptr<int>> taken;
    for (auto& pointer : body()) taken.push_back(std::move(pointer));
    ASSERT_EQ(taken.size(), 2u);
    EXPECT_EQ(*taken[1], 2);
}

TEST(Generator, YieldsReferencesToWhatLivesElsewhere) {
    const auto body = [](std::vector<std::string>& rows) -> Generator<std::string&> {
        for (auto& row : rows) co_yield row;
    };
    std::vector<std::string> rows{"a", "b"};
    for (auto& row : body(rows)) row += "!";
    EXPECT_EQ(rows, (std::vector<std::string>{"a!", "b!"}));
}

TEST(Generator, CopiesAConstantThatItYields) {
    const auto body = [](const std::string& text) -> Generator<std::string> { co_yield text; };
    const std::string text = "constant";
    for (auto& seen : body(text)) seen.clear();
    EXPECT_EQ(text, "constant");
}

// The running mean of what it is sent.
Generator<double, double> mean() {
    double sum = 0;
    for (int n = 0;; ++n) {
        double result = n == 0 ? 0 : sum / n;
        const std::optional<double> sent = co_yield result;
        if (!sent) co_return;
        sum += *sent;
    }
}

TEST(Generator, GivesWhatItIsSentToItsBody) {
    auto generator = mean();
    generator.next();
    EXPECT_EQ(*generator.send(10), 10);
    EXPECT_EQ(*generator.send(20), 15);
    EXPECT_EQ(generator.next(), nullptr);  // nothing was sent
}

TEST(Generator, RefusesWhatIsSentBeforeItHasBegun) {
    auto generator = mean();
    EXPECT_THROW(generator.send(1), InvalidStateError);
    EXPECT_NE(generator.next(), nullptr);
}

Generator<int> survives() {
    for (int i = 0;; ++i) {
        bool failed = false;
        try {
            co_yield i;
        } catch (const std::runtime_error&) {
            failed = true;
        }
        if (failed) i = 100;
    }
}

TEST(Generator, MayCatchAnExceptionThatItIsSent) {
    auto generator = survives();
    generator.next();
    EXPECT_EQ(*generator.send_exception(std::make_exception_ptr(std::runtime_error("restart"))), 101);
    EXPECT_THROW(generator.send_exception(std::make_exception_ptr(std::logic_error("end"))), std::logic_error);
    EXPECT_EQ(generator.next(), nullptr);
}

TEST(Generator, ThatHasNotBegunEndsByAnExceptionThatItIsSent) {
    auto generator = survives();
    EXPECT_THROW(generator.send_exception(std::make_exception_ptr(std::runtime_error("early"))), std::runtime_error);
    EXPECT_TRUE(generator.done());
}

TEST(Generator, RefusesToBeAskedByItsOwnBody) {
    Generator<int>* self = nullptr;
    const auto body = [](Generator<int>*& self) -> Generator<int> {
        self->next();
        co_yield 1;
    };
    auto generator = body(self);
    self = &generator;
    EXPECT_THROW(generator.next(), InvalidStateError);
}

TEST(Generator, MayBeContinuedByAnotherThread) {
    auto generator = count(0, 3);
    generator.next();
    int second = -1;
    std::thread([&] { second = *generator.next(); }).join();
    EXPECT_EQ(second, 1);
    EXPECT_EQ(*generator.next(), 2);
}

}  // namespace
}  // namespace hocket
