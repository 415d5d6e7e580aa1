// A server in steady state asks the system for no memory.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>

#include "aio/allocations.hpp"
#include "hocket/core/detail/frame_allocator.hpp"
#include "server_fixture.hpp"

namespace hocket::http {
namespace {

std::uint64_t taken_so_far() { return test::allocations() + hocket::detail::FrameHeap::system_allocations(); }

// Asks on one connection without allocating anything itself.
Task<void> ask_many(const Socket& socket, std::string_view request, std::size_t answer_size, int times) {
    std::array<char, 1024> buffer;
    for (int i = 0; i < times; ++i) {
        co_await socket.async_send(request);
        std::size_t received = 0;
        while (received < answer_size) {
            const std::size_t size = co_await socket.async_recv(buffer);
            if (size == 0) throw std::runtime_error("the server has ended the connection");
            received += size;
        }
    }
}

Task<void> count_allocations(Server& server, std::string request, std::uint64_t* counted) {
    Socket socket = co_await Socket::async_connect("127.0.0.1", server.port());
    Socket other = co_await Socket::async_connect("127.0.0.1", server.port());
    std::array<char, 1024> buffer;
    co_await socket.async_send(request);
    const std::size_t answer_size = co_await socket.async_recv(buffer);
    co_await ask_many(other, get("/another"), answer_size, 1);  // the memory of both is warm
    co_await ask_many(socket, request, answer_size, 100);
    const std::uint64_t before = taken_so_far();
    co_await ask_many(socket, request, answer_size, 1000);
    *counted = taken_so_far() - before;
}

Task<Response> short_text(const Request&) { co_return Response::text(200, "Hello, world\n"); }

TEST(ServerSteadyState, AnswersShortRequestsWithoutAllocating) {
    if (!test::counts_allocations()) GTEST_SKIP() << "this sanitizer gets each frame from operator new";
    std::uint64_t counted = 1;
    with_server(short_text,
                [&counted](Server& server) { return count_allocations(server, get("/", "X-A: b\r\n"), &counted); });
    EXPECT_EQ(counted, 0u);
    with_server(short_text, [&counted](Server& server) {
        return count_allocations(server, post("/", std::string(500, 'x')), &counted);
    });
    EXPECT_EQ(counted, 0u);
}

Task<Response> one_parameter(const Request& request) { co_return Response::text(200, request.parameter("id")); }

Task<Response> five_bytes(const Request&) { co_return Response::text(200, "12345"); }

TEST(ServerSteadyState, RoutesCostNoAllocation) {
    if (!test::counts_allocations()) GTEST_SKIP() << "this sanitizer gets each frame from operator new";
    std::uint64_t counted = 1;
    const auto prepare = [](Server& server) {
        server.get("/another", five_bytes).get("/sensors/{id}/values", one_parameter);
    };
    with_routes(prepare, [&counted](Server& server) {
        return count_allocations(server, get("/sensors/12345/values?unit=C"), &counted);
    });
    EXPECT_EQ(counted, 0u);
}

}  // namespace
}  // namespace hocket::http
