// The client for threads, against a server in a loop of its own.
#include "hocket/http/blocking_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <string>
#include <vector>

#include "hocket/aio.hpp"
#include "hocket/futures.hpp"
#include "hocket/http.hpp"
#include "hocket/threading.hpp"

namespace hocket::http {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class BlockingClientTest : public ::testing::Test {
protected:
    BlockingClientTest() {
        server_.get("/hello", [](const Request&) -> Task<Response> { co_return Response::text(200, "hello"); });
        server_.any("/what", [](const Request& request) -> Task<Response> {
            co_return Response::text(200, std::string(request.method()) + " " + request.body());
        });
        server_.get("/number/{n}", [this](const Request& request) -> Task<Response> {
            const int now = ++in_flight_;
            most_ = std::max(most_.load(), now);
            connections_ = std::max(connections_.load(), server_.connections());
            co_await sleep(1ms);
            --in_flight_;
            co_return Response::text(200, request.parameter("n"));
        });
        server_.get("/never", [this](const Request&) -> Task<Response> {
            arrived_.set();
            const auto forever = sleep(1h);
            try {
                co_await forever;
            } catch (const CancelledError&) {
                gone_.set();
                throw;
            }
            co_return Response::empty(204);
        });
        server_.get("/cookie", [](const Request&) -> Task<Response> {
            Response response = Response::text(200, "baked");
            response.set_header("Set-Cookie", "flavour=mint; Path=/");
            co_return response;
        });
        thread_.submit(server_.listen("127.0.0.1", 0)).result();
    }
    ~BlockingClientTest() override { thread_.submit(server_.close()).result(); }

    std::string url(const std::string& path) const {
        return "http://127.0.0.1:" + std::to_string(server_.port()) + path;
    }

    std::atomic<int> in_flight_{0};
    std::atomic<int> most_{0};
    std::atomic<std::size_t> connections_{0};
    Event arrived_;
    Event gone_;
    Server server_;
    LoopThread thread_;
};

TEST_F(BlockingClientTest, GivesWholeResponses) {
    BlockingClient client;
    const Response response = client.get(url("/hello"));
    EXPECT_EQ(response.status(), 200);
    EXPECT_EQ(response.body(), "hello");
    EXPECT_EQ(client.get(url("/missing")).status(), 404);
    EXPECT_EQ(client.post(url("/what"), "a").body(), "POST a");
    EXPECT_EQ(client.put(url("/what"), "b").body(), "PUT b");
    EXPECT_EQ(client.patch(url("/what"), "c").body(), "PATCH c");
    EXPECT_EQ(client.del(url("/what")).body(), "DELETE ");
    EXPECT_EQ(client.head(url("/hello")).body(), "");
    EXPECT_EQ(client.request("REPORT", url("/what"), Body("d")).body(), "REPORT d");
}

TEST_F(BlockingClientTest, ThrowsWhereItIsCalled) {
    BlockingClient client;
    try {
        (void)client.get("http://127.0.0.1:1/");
        FAIL() << "somebody listens on port 1";
    } catch (const Error& error) {
        EXPECT_EQ(error.failure(), Failure::connect);
        EXPECT_THAT(error.what(), HasSubstr("GET http://127.0.0.1:1/"));
    }
    EXPECT_THROW((void)client.get("ftp://127.0.0.1/"), Error);
    EXPECT_THROW((void)client.get(url("/never"), Options().timeout(10ms)), TimeoutError);
    gone_.wait();
}

TEST_F(BlockingClientTest, IsSharedByManyThreads) {
    ClientOptions options;
    options.max_connections = 4;
    BlockingClient client(options);
    constexpr int kThreads = 200;
    std::atomic<int> right{0};
    std::vector<Thread> threads;
    for (int i = 0; i < kThreads; ++i) {
        threads.emplace_back([&, i] {
            const Response response = client.get(url("/number/" + std::to_string(i)));
            if (response.body() == std::to_string(i)) ++right;
        });
    }
    for (Thread& thread : threads) thread.join();
    EXPECT_EQ(right, kThreads);
    EXPECT_EQ(most_, 4);
    EXPECT_LE(connections_, 5u);  // one may still be ending
}

TEST_F(BlockingClientTest, ACancelledThreadEndsItsRequest) {
    BlockingClient client;
    std::string reason;
    Thread thread([&] {
        try {
            (void)client.get(url("/never"));
        } catch (const CancelledError& error) {
            reason = error.reason();
        }
    });
    arrived_.wait();
    thread.cancel("closing time");
    thread.join();
    EXPECT_EQ(reason, "closing time");
    gone_.wait();                                          // at the server, too
    EXPECT_EQ(client.get(url("/hello")).body(), "hello");  // the others go on
}

TEST_F(BlockingClientTest, ACancelledJobEndsItsRequest) {
    BlockingClient client;
    ThreadPool pool(1);
    const Future<void> job = pool.submit([&] { (void)client.get(url("/never")); });
    arrived_.wait();
    EXPECT_TRUE(job.cancel());
    EXPECT_THROW(job.result(), CancelledError);
    gone_.wait();
}

TEST_F(BlockingClientTest, APoolHasNoMoreRequestsThanThreads) {
    BlockingClient client;
    ThreadPool pool(3);
    std::vector<Future<Response>> responses;
    for (int i = 0; i < 50; ++i)
        responses.push_back(pool.submit([&, i] { return client.get(url("/number/" + std::to_string(i))); }));
    for (int i = 0; i < 50; ++i) EXPECT_EQ(responses[static_cast<std::size_t>(i)].result().body(), std::to_string(i));
    EXPECT_LE(most_, 3);
    EXPECT_GE(most_, 2);
}

TEST_F(BlockingClientTest, EndsInATask) {
    const auto end = []() -> Task<void> {
        const BlockingClient client;
        co_return;
    };
    run(end());
}

TEST_F(BlockingClientTest, RefusesToBlockALoop) {
    BlockingClient client;
    const auto block = [&]() -> Task<void> {
        EXPECT_THROW((void)client.get(url("/hello")), DeadlockError);
        co_return;
    };
    run(block());
    EXPECT_EQ(client.get(url("/hello")).body(), "hello");
}

TEST_F(BlockingClientTest, SubmittedRequestsAreFutures) {
    BlockingClient client;
    std::vector<Future<Response>> futures;
    for (int i = 0; i < 20; ++i) futures.push_back(client.submit("GET", url("/number/" + std::to_string(i))));
    const auto waited = wait(futures);
    EXPECT_THAT(waited.done, SizeIs(20));
    for (int i = 0; i < 20; ++i) EXPECT_EQ(futures[static_cast<std::size_t>(i)].result().body(), std::to_string(i));

    const Future<Response> endless = client.submit("GET", url("/never"));
    arrived_.wait();
    endless.cancel();
    EXPECT_THROW((void)endless.result(), CancelledError);
    gone_.wait();
}

TEST_F(BlockingClientTest, ItsEndIsThatOfWhatItHasBegun) {
    Future<Response> under_way;
    Future<Response> waiting;
    {
        ClientOptions options;
        options.max_connections = 1;
        BlockingClient client(options);
        under_way = client.submit("GET", url("/never"));
        arrived_.wait();
        waiting = client.submit("GET", url("/hello"));
    }
    ASSERT_TRUE(under_way.done());
    ASSERT_TRUE(waiting.done());
    EXPECT_THROW((void)under_way.result(), CancelledError);
    EXPECT_THROW((void)waiting.result(), CancelledError);
    gone_.wait();
}

TEST_F(BlockingClientTest, ACancelledThreadLeavesNoClientBehind) {
    Event ready;
    Event never;
    Thread thread([&] {
        BlockingClient client;
        EXPECT_EQ(client.get(url("/hello")).status(), 200);
        ready.set();
        never.wait();
    });
    ready.wait();
    thread.cancel();
    EXPECT_THROW(thread.join(), CancelledError);
}

TEST_F(BlockingClientTest, KeepsCookies) {
    BlockingClient client;
    (void)client.get(url("/cookie"));
    const std::vector<Cookie> cookies = client.cookies();
    ASSERT_THAT(cookies, SizeIs(1));
    EXPECT_EQ(cookies[0].value, "mint");
    client.clear_cookies();
    EXPECT_THAT(client.cookies(), SizeIs(0));
}

}  // namespace
}  // namespace hocket::http
