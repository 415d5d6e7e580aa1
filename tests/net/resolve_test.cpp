#include "hocket/net/resolve.hpp"

#include <gmock/gmock.h>

#include "net/name_service.hpp"
#include "net/net_fixture.hpp"
#include "report_capture.hpp"

namespace hocket::test {
namespace {

using ::testing::HasSubstr;

class ResolveTest : public OnBothBackends {};
HOCKET_ON_BOTH_BACKENDS(ResolveTest);

std::size_t threads() {
    const std::filesystem::directory_iterator entries("/proc/self/task");
    return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

std::vector<std::string> texts(const std::vector<Address>& addresses) {
    std::vector<std::string> result;
    for (const Address& address : addresses) result.push_back(address.to_string());
    return result;
}

Task<std::string> refusal(std::string host) {
    try {
        co_await resolve(std::move(host), 80);
    } catch (const ResolveError& error) {
        co_return error.what();
    }
    co_return "";
}

TEST_P(ResolveTest, ANumberIsAnsweredAtOnce) {
    run([]() -> Task<void> {
        const std::size_t before = threads();
        Future<std::vector<Address>> ipv4 = create_task(resolve("192.0.2.7", 80));
        Future<std::vector<Address>> ipv6 = create_task(resolve("2001:db8::7", 80));
        co_await yield_now();
        EXPECT_TRUE(ipv4.done() && ipv6.done()) << "it waited for something";
        EXPECT_LE(threads(), before) << "it started a thread";
        EXPECT_THAT(texts(ipv4.result()), ::testing::ElementsAre("192.0.2.7:80"));
        EXPECT_THAT(texts(ipv6.result()), ::testing::ElementsAre("[2001:db8::7]:80"));
    });
}

TEST_P(ResolveTest, LocalhostIsThisMachine) {
    run([]() -> Task<void> {
        const std::vector<Address> found = co_await resolve("localhost", 8080);
        EXPECT_FALSE(found.empty());
        for (const Address& address : found)
            EXPECT_THAT(address.to_string(), ::testing::AnyOf("127.0.0.1:8080", "[::1]:8080"));
    });
}

TEST_P(ResolveTest, KeepsTheOrderOfTheSystem) {
    NameService names{{"both.test", {"::1", "127.0.0.1", "192.0.2.1"}}};
    run([]() -> Task<void> {
        const std::vector<Address> found = co_await resolve("both.test", 443);
        EXPECT_THAT(texts(found), ::testing::ElementsAre("[::1]:443", "127.0.0.1:443", "192.0.2.1:443"));
    });
}

TEST_P(ResolveTest, SaysWhichNameItCannotResolve) {
    NameService names{};
    run([]() -> Task<void> {
        const std::string unknown = co_await refusal("unknown.test");
        EXPECT_EQ(unknown, "hocket: cannot resolve the host name \"unknown.test\": Name or service not known");
        const std::string impossible(64, 'x');  // longer than a part of a name may be: nobody is asked
        const std::string refused = co_await refusal(impossible);
        EXPECT_THAT(refused, HasSubstr("cannot resolve the host name \"" + impossible + "\": "));
        const std::string empty = co_await refusal("");
        EXPECT_THAT(empty, HasSubstr("cannot resolve the host name \"\": "));
        const std::string with_nul = co_await refusal(std::string("localhost\0.example.com", 22));
        EXPECT_THAT(with_nul, HasSubstr("NUL")) << "the system would look up what comes before the NUL byte";
    });
}

TEST_P(ResolveTest, ASlowNameStopsNobody) {
    NameService names{{"slow.test", {"127.0.0.1"}}};
    names.hold();
    run([&]() -> Task<void> {
        Future<std::vector<Address>> slow = create_task(resolve("slow.test", 80));
        co_await yield_now();
        names.wait_for_questions(1);
        Sockets pair = co_await connected(Kind::tcp);
        co_await pair.first.async_send("hello");
        const std::string hello = co_await receive(pair.second);
        EXPECT_EQ(hello, "hello");
        EXPECT_FALSE(slow.done());
        names.release();
        const std::vector<Address> found = co_await std::move(slow);
        EXPECT_EQ(found.size(), 1u);
    });
}

TEST_P(ResolveTest, CancellationDoesNotWaitForTheAnswer) {
    const ReportCapture reports;
    NameService names{{"slow.test", {"127.0.0.1"}}};
    names.hold();
    run([&]() -> Task<void> {
        Future<std::vector<Address>> slow = create_task(resolve("slow.test", 80));
        Future<std::vector<Address>> unknown = create_task(resolve("unknown.test", 80));
        co_await yield_now();
        names.wait_for_questions(2);
        for (Future<std::vector<Address>>* question : {&slow, &unknown}) {
            question->cancel();
            try {
                co_await *question;
                ADD_FAILURE() << "answered";
            } catch (const CancelledError&) {
            }
        }
        bool timed_out = false;
        try {
            co_await timeout(1ms, resolve("slow.test", 80));
        } catch (const TimeoutError&) {
            timed_out = true;
        }
        EXPECT_TRUE(timed_out);
        names.release();
        const std::vector<Address> found = co_await resolve("slow.test", 80);
        EXPECT_EQ(found.size(), 1u);
    });
    names.wait_for_answers();
    EXPECT_EQ(reports.count(), 0u) << reports.text();
}

TEST_P(ResolveTest, ALookUpMayOutliveItsLoop) {
    const ReportCapture reports;
    NameService names{{"slow.test", {"127.0.0.1"}}};
    names.hold();
    run([&]() -> Task<void> {
        create_task(resolve("slow.test", 80));
        co_await yield_now();
        names.wait_for_questions(1);
    });
    names.release();
    names.wait_for_answers();
    EXPECT_EQ(reports.count(), 0u) << reports.text();
}

TEST_P(ResolveTest, ManyNamesAtOnceTakeFewThreads) {
    NameService names{{"one.test", {"127.0.0.1"}}};
    names.hold();
    run([&]() -> Task<void> {
        std::vector<Task<std::vector<Address>>> questions;
        for (int i = 0; i < 300; ++i) questions.push_back(resolve(i % 3 == 0 ? "localhost" : "one.test", 80));
        Future<std::vector<std::vector<Address>>> answers = create_task(gather(std::move(questions)));
        co_await settle();
        names.wait_for_questions(8);
        names.release();
        const std::vector<std::vector<Address>> found = co_await std::move(answers);
        EXPECT_EQ(found.size(), 300u);
        for (const std::vector<Address>& addresses : found) EXPECT_FALSE(addresses.empty());
    });
    EXPECT_EQ(names.questions(), 200);
    EXPECT_EQ(names.most_at_once(), 8);
}

TEST_P(ResolveTest, WhatIsCancelledWhileItWaitsForAThreadIsNotLookedUp) {
    NameService names{{"slow.test", {"127.0.0.1"}}};
    names.hold();
    run([&]() -> Task<void> {
        const auto ask = [](int count) {
            std::vector<Future<std::vector<Address>>> questions;
            for (int i = 0; i < count; ++i) questions.push_back(create_task(resolve("slow.test", 80)));
            return questions;
        };
        auto under_way = ask(8);
        co_await settle();
        names.wait_for_questions(8);
        auto waiting = ask(50);
        co_await settle();
        for (auto& question : waiting) {
            question.cancel();
            try {
                co_await question;
                ADD_FAILURE() << "answered";
            } catch (const CancelledError&) {
            }
        }
        Future<std::vector<Address>> last = create_task(resolve("slow.test", 80));
        co_await settle();
        names.release();
        for (auto& question : under_way) co_await question;
        const std::vector<Address> found = co_await last;
        EXPECT_EQ(found.size(), 1u);
    });
    EXPECT_EQ(names.questions(), 9);
}

// Cancelled and answered at the same time, from two threads.
TEST_P(ResolveTest, CancellationRacesWithTheAnswer) {
    NameService names{{"one.test", {"127.0.0.1"}}};
    run([&]() -> Task<void> {
        for (int i = 0; i < 500; ++i) {
            Future<std::vector<Address>> question = create_task(resolve("one.test", 80));
            for (int turns = i % 7; turns >= 0; --turns) co_await yield_now();
            question.cancel();
            try {
                const std::vector<Address> found = co_await std::move(question);
                EXPECT_EQ(found.size(), 1u);
            } catch (const CancelledError&) {
            }
        }
    });
}

}  // namespace
}  // namespace hocket::test
