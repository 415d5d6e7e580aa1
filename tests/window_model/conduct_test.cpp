// The updates of a real test against a real server, without a window.
#include "model/conduct.hpp"
#include "held_port.hpp"

#include <gtest/gtest.h>

#include <atomic>

#include "hocket/aio.hpp"
#include "load/scripted_server.hpp"
#include "serve/target.hpp"

namespace hocket::window {
namespace {

using namespace std::chrono_literals;
using hocket::testing::ScriptedServer;

load::LoadOptions options_for(const std::string& url) {
    load::LoadOptions options;
    options.url = load::parse_url(url);
    options.connections = 10;
    options.timeout = 30s;
    return options;
}

class Conducted {
public:
    explicit Conducted(const load::LoadOptions& options)
        : updates_(std::make_shared<Updates>()),
          future(run_coroutine_threadsafe(conduct(options, Outbox(updates_, options)), thread_.loop())) {}
    // Until the end.
    std::vector<Update> rest() {
        std::vector<Update> all;
        do all.push_back(updates_->get());
        while (!all.back().end);
        return all;
    }
    Update next() { return updates_->get(); }
    bool nothing_more() { return !updates_->try_get(); }

private:
    std::shared_ptr<Updates> updates_;
    LoopThread thread_;

public:
    Future<void> future;
};

class Conduct : public ::testing::Test {
protected:
    static load::ServeOptions any_port() {
        load::ServeOptions options;
        options.port = 0;
        return options;
    }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(target_.port()) + "/"; }
    serve::Target target_{any_port()};
};

TEST_F(Conduct, tells_at_most_thirty_times_a_second_and_the_end_always) {
    load::LoadOptions options = options_for(url());
    options.duration = 1200ms;
    Conducted test(options);
    const std::vector<Update> all = test.rest();
    for (std::size_t i = 0; i + 1 < all.size(); ++i) {
        std::size_t within_a_second = 1;  // the end comes when it comes
        for (std::size_t k = i; k + 1 < all.size(); ++k)
            within_a_second += all[k].progress.elapsed < all[i].progress.elapsed + 1s;
        EXPECT_LE(within_a_second, 30u);
        EXPECT_LE(all[i].progress.done, all[i + 1].progress.done);
    }
    EXPECT_GE(all.size(), 3u);
    const Update& last = all.back();
    EXPECT_EQ(last.progress.done, last.end->requests());
    EXPECT_EQ(last.progress.statuses, last.end->statuses);
    EXPECT_FALSE(last.end->interrupted);
    EXPECT_TRUE(test.nothing_more());

    // The samples follow each other, and hold each response once.
    double at = 0;
    double responses = 0;
    for (const Update& update : all) {
        if (!update.sample) continue;
        EXPECT_DOUBLE_EQ(update.sample->from_s, at);
        at = update.sample->to_s;
        responses += update.sample->requests_per_second * (update.sample->to_s - update.sample->from_s);
        EXPECT_LE(update.sample->p50_us, update.sample->p99_us);
    }
    EXPECT_NEAR(responses, static_cast<double>(last.end->responses()), 1);
}

TEST_F(Conduct, ends_exactly_with_any_number_of_requests) {
    for (const std::uint64_t requests : {1u, 99u, 100u, 199u}) {
        load::LoadOptions options = options_for(url());
        options.requests = requests;
        options.connections = 1;
        const Update last = std::move(Conducted(options).rest().back());
        EXPECT_EQ(last.progress.done, requests);
        EXPECT_EQ(last.end->responses(), requests);
        EXPECT_EQ(last.end->error_total(), 0u);
    }
}

// Each pause between updates is 50 ms at least: `updates` of them in that time are as many as come at once or, if the
// machine was held up, meanwhile.
bool is_few(std::size_t updates, std::chrono::nanoseconds time) {
    return updates <= 2 + static_cast<std::size_t>(time / 50ms);
}

TEST(ConductManyRequests, are_told_in_few_updates_and_the_end_follows_the_last_answer) {
    std::atomic<int> requests{0};
    Event may_end;
    ScriptedServer server([&](Socket& socket) -> Task<void> {
        for (;;) {
            const bool asked = co_await ScriptedServer::read_request(socket);
            if (!asked) co_return;
            if (++requests == 2000) co_await may_end.async_wait();
            co_await socket.async_send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        }
    });
    load::LoadOptions options = options_for(server.url());
    options.requests = 2000;
    Conducted test(options);
    Update update = test.next();
    std::size_t updates = 1;
    for (; update.progress.done < 1999; ++updates) update = test.next();
    const auto answered = update.progress.elapsed;
    EXPECT_TRUE(is_few(updates, answered)) << updates;
    may_end.set();
    update = test.next();
    for (updates = 1; !update.end; ++updates) update = test.next();
    EXPECT_TRUE(is_few(updates, update.progress.elapsed - answered)) << updates;
    EXPECT_EQ(update.end->responses(), 2000u);
}

TEST(ConductManyRequests, are_made_on_as_many_connections_as_asked_for) {
    std::atomic<unsigned> accepted{0};
    ScriptedServer server([&](Socket& socket) -> Task<void> {
        ++accepted;
        for (;;) {
            const bool asked = co_await ScriptedServer::read_request(socket);
            if (!asked) co_return;
            co_await socket.async_send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
        }
    });
    load::LoadOptions options = options_for(server.url());
    options.requests = 5000;
    options.threads = 1;
    const Update last = std::move(Conducted(options).rest().back());
    EXPECT_EQ(last.end->responses(), 5000u);
    EXPECT_EQ(accepted, options.connections + 1) << "the one more is that which looks whether anybody is there";
}

TEST(ConductCancelled, sends_no_more_requests_and_tells_what_was_done) {
    std::atomic<int> requests{0};
    ScriptedServer server([&](Socket& socket) -> Task<void> {
        for (;;) {
            const bool asked = co_await ScriptedServer::read_request(socket);
            if (!asked) co_return;
            if (++requests >= 500) co_await sleep(1h);
            co_await socket.async_send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        }
    });
    load::LoadOptions options = options_for(server.url());
    options.requests = 100'000;
    Conducted test(options);
    while (test.next().progress.done < 499) continue;
    EXPECT_TRUE(test.future.cancel());
    const Update last = std::move(test.rest().back());
    EXPECT_THROW(test.future.result(), CancelledError);
    EXPECT_TRUE(last.end->interrupted);
    EXPECT_EQ(last.end->responses(), 499u);
    // What was under way need not have arrived; more than that has not been sent.
    EXPECT_LE(static_cast<std::uint64_t>(requests), last.end->responses() + last.end->unfinished);
    EXPECT_LE(last.end->unfinished, options.connections);
}

TEST(ConductCancelled, before_it_was_begun_has_an_end_too) {
    const load::LoadOptions options = options_for("http://127.0.0.1:9/");
    const auto updates = std::make_shared<Updates>();
    EventLoop loop;  // which nobody runs
    Future<void> future = run_coroutine_threadsafe(conduct(options, Outbox(updates, options)), loop);
    future.cancel();
    loop.close();
    const std::optional<Update> end = updates->try_get();
    ASSERT_TRUE(end && end->end);
    EXPECT_TRUE(end->end->interrupted);
    EXPECT_EQ(end->end->requests(), 0u);
    EXPECT_FALSE(updates->try_get());
}

TEST(ConductNobody, is_a_failure_of_its_kind) {
    const testing::HeldPort held;
    const std::uint16_t port = held.port();
    const Update refused =
        std::move(Conducted(options_for("http://127.0.0.1:" + std::to_string(port) + "/")).rest().back());
    ASSERT_TRUE(refused.end->failure);
    EXPECT_EQ(refused.end->failure->kind, "connect");
    const Update unknown = std::move(Conducted(options_for("http://nowhere.invalid/")).rest().back());
    ASSERT_TRUE(unknown.end->failure);
    EXPECT_EQ(unknown.end->failure->kind, "resolve");
}

TEST(ConductFailing, counts_errors_by_kind_while_they_come) {
    ScriptedServer server([](Socket& socket) -> Task<void> {
        const bool asked = co_await ScriptedServer::read_request(socket);
        (void)asked;
        co_await socket.async_send("this is not HTTP\r\n\r\n");
    });
    load::LoadOptions options = options_for(server.url());
    options.requests = 20;
    const Update last = std::move(Conducted(options).rest().back());
    EXPECT_EQ(last.progress.errors, 20u);
    EXPECT_EQ(last.progress.done, 20u);
    EXPECT_EQ(last.progress.error_counts[static_cast<std::size_t>(load::ErrorKind::protocol)].count, 20u);
    EXPECT_TRUE(last.progress.statuses.empty());
}

}  // namespace
}  // namespace hocket::window
