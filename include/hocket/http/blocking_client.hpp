// BlockingClient: makes HTTP requests for threads.
#pragma once
#include <memory>
#include <source_location>
#include <string>
#include <vector>

#include "hocket/aio/loop_thread.hpp"
#include "hocket/http/client.hpp"

namespace hocket::http {

/// A Client for threads: each call blocks until the whole response is there. Any number of threads may use it at the
/// same time; they share its connections, its cookies and its limits, and one thread of its own makes the requests of
/// all.
///
/// Requests throw as a Client's do: Error when there is no whole response, TimeoutError when a time limit runs out; a
/// response of any status is a result. Cancellation of the thread, or of the pool's job, that waits throws
/// CancelledError and ends the request; what the server made of it is unknown. On an event loop's thread they throw
/// DeadlockError: a task uses a Client. A pool of N threads that use it has at most N requests under way.
///
/// Shutdown: the destructor cancels what submit() has begun, joins the thread and closes all connections. No other
/// thread may be using the object then.
class BlockingClient {
public:
    /// `name`: of its thread. Throws as Client and LoopThread do.
    explicit BlockingClient(ClientOptions options = ClientOptions(), std::string name = "http client");
    BlockingClient(const BlockingClient&) = delete;
    BlockingClient& operator=(const BlockingClient&) = delete;
    ~BlockingClient();

    Response get(std::string url, Options options = Options(),
                 std::source_location where = std::source_location::current());
    Response head(std::string url, Options options = Options(),
                  std::source_location where = std::source_location::current());
    Response post(std::string url, Body body = Body(), Options options = Options(),
                  std::source_location where = std::source_location::current());
    Response put(std::string url, Body body = Body(), Options options = Options(),
                 std::source_location where = std::source_location::current());
    Response patch(std::string url, Body body = Body(), Options options = Options(),
                   std::source_location where = std::source_location::current());
    /// DELETE, which C++ has taken.
    Response del(std::string url, Options options = Options(),
                 std::source_location where = std::source_location::current());
    /// Any method. A body from a generator is made on the client's thread, which it must not block.
    Response request(std::string method, std::string url, Body body = Body(), Options options = Options(),
                     std::source_location where = std::source_location::current());

    /// Begins a request and does not wait: its Future can be waited for, by tasks too, and cancelled, which ends the
    /// request.
    Future<Response> submit(std::string method, std::string url, Body body = Body(), Options options = Options(),
                            std::source_location where = std::source_location::current());

    /// What is in the jar.
    std::vector<Cookie> cookies(std::source_location where = std::source_location::current());
    void clear_cookies(std::source_location where = std::source_location::current());

private:
    std::unique_ptr<Client> client_;  // used on the loop of thread_, and outlives it
    LoopThread thread_;
};

}  // namespace hocket::http
