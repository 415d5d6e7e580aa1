#include "hocket/aio/with.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "hocket/aio/create_task.hpp"
#include "hocket/aio/sleep.hpp"
#include "hocket/aio/timeout.hpp"
#include "hocket/aio/virtual_clock.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;
using Log = std::vector<std::string>;

class Connection {
public:
    explicit Connection(Log& log) : log_(&log) {}
    Task<void> async_enter() {
        co_await sleep(1s);
        log_->push_back("enter");
    }
    Task<void> async_exit() {
        co_await sleep(1s);
        log_->push_back("exit");
    }

private:
    Log* log_;
};

// Ends by what its body ended with.
class Transaction {
public:
    explicit Transaction(Log& log) : log_(&log) {}
    Task<void> async_enter() { co_return; }
    Task<void> async_exit(std::exception_ptr error) {
        log_->push_back(error ? "rollback: " + describe(error) : "commit");
        co_return;
    }

private:
    Log* log_;
};

template <class Body>
Log log_of(Body body) {
    Log log;
    VirtualClock clock;
    run(body(log), {.clock = &clock});
    return log;
}

TEST(With, EntersAndLeavesAroundTheBodyAndGivesItsResult) {
    const auto body = [](Log& log) -> Task<void> {
        const auto inside = [&](Connection&) -> Task<int> {
            log.push_back("body");
            co_return 4;
        };
        EXPECT_EQ(co_await with(Connection(log), inside), 4);
    };
    EXPECT_EQ(log_of(body), (Log{"enter", "body", "exit"}));
}

TEST(With, LeavesAfterAnException) {
    const auto body = [](Log& log) -> Task<void> {
        const auto inside = [&](Connection&) -> Task<void> {
            log.push_back("body");
            throw std::runtime_error("failed");
            co_return;
        };
        try {
            co_await with(Connection(log), inside);
        } catch (const std::runtime_error& error) {
            log.push_back(error.what());
        }
    };
    EXPECT_EQ(log_of(body), (Log{"enter", "body", "exit", "failed"}));
}

TEST(With, LeavesShieldedAfterCancellation) {
    const auto body = [](Log& log) -> Task<void> {
        const auto inside = [&](Connection&) -> Task<void> { co_await sleep(1h); };
        try {
            co_await timeout(10s, with(Connection(log), inside));
        } catch (const TimeoutError&) {
            log.push_back("time-out");
        }
    };
    EXPECT_EQ(log_of(body), (Log{"enter", "exit", "time-out"}));
}

TEST(With, LeavesNothingThatItCouldNotEnter) {
    const auto body = [](Log& log) -> Task<void> {
        const auto inside = [&](Connection&) -> Task<void> {
            log.push_back("body");
            co_return;
        };
        try {
            co_await timeout(500ms, with(Connection(log), inside));
        } catch (const TimeoutError&) {
            log.push_back("time-out");
        }
    };
    EXPECT_EQ(log_of(body), (Log{"time-out"}));
}

TEST(With, TellsTheContextHowTheBodyEnded) {
    const auto body = [](Log& log) -> Task<void> {
        const auto good = [](Transaction&) -> Task<void> { co_return; };
        const auto bad = [](Transaction&) -> Task<void> {
            throw std::runtime_error("constraint");
            co_return;
        };
        co_await with(Transaction(log), good);
        try {
            co_await with(Transaction(log), bad);
        } catch (const std::runtime_error&) {
        }
    };
    EXPECT_EQ(log_of(body), (Log{"commit", "rollback: constraint"}));
}

TEST(With, UsesAContextThatLivesElsewhere) {
    const auto body = [](Log& log) -> Task<void> {
        Connection connection(log);
        const auto inside = [&](Connection& entered) -> Task<void> {
            EXPECT_EQ(&entered, &connection);
            co_return;
        };
        co_await with(std::ref(connection), inside);
    };
    EXPECT_EQ(log_of(body), (Log{"enter", "exit"}));
}

}  // namespace
}  // namespace hocket
