// The snippets of docs/http-client.md, against a server in the same program.
#include <hocket/futures.hpp>
#include <hocket/http.hpp>

#include <cstdio>
#include <functional>
#include <string>
#include <vector>

namespace hk = hocket;
namespace http = hocket::http;
using namespace std::chrono_literals;

// [get]
hk::Task<std::string> fetch(http::Client& client, std::string url) {
    const auto options = http::Options().bearer("secret").query("page", 2).timeout(10s);
    const http::Response response = co_await client.get(url, options);
    co_return std::to_string(response.status()) + " " + std::string(response.body());
}
// [get]

// [many]
hk::Task<std::size_t> fetch_all(http::Client& client, std::vector<std::string> urls) {
    std::vector<hk::Task<http::Response>> requests;
    for (const std::string& url : urls) requests.push_back(client.get(url));
    const auto responses = co_await hk::gather(std::move(requests));  // in the order of the URLs
    std::size_t bytes = 0;
    for (const http::Response& response : responses) bytes += response.body().size();
    co_return bytes;
}
// [many]

// [errors]
hk::Task<std::string> try_to_fetch(http::Client& client, std::string url) {
    try {
        const auto patient = http::Options().retry(http::Retry(3).backoff(100ms, 2s)).timeout(20s);
        const http::Response response = co_await client.get(url, patient);
        co_return response.status() == 200 ? "fine" : "the server says no";
    } catch (const hk::TimeoutError& error) {
        co_return error.what();
    } catch (const http::Error& error) {  // error.failure(), error.host(), error.url()
        co_return error.what();
    }
}
// [errors]

// [stream]
hk::Task<std::size_t> count_bytes(http::Client& client, std::string url) {
    http::ResponseStream stream = co_await client.stream("GET", url);
    std::size_t bytes = 0;
    std::string piece = co_await stream.read();
    while (!piece.empty()) {
        bytes += piece.size();
        piece = co_await stream.read();
    }
    co_return bytes;
}
// [stream]

// [upload]
hk::AsyncGenerator<std::string> lines(int count) {
    for (int i = 0; i < count; ++i) {
        std::string line = std::to_string(i) + "\n";
        co_yield std::move(line);
    }
}

hk::Task<std::string> upload(http::Client& client, std::string url) {
    const http::Response response = co_await client.post(url, lines(3));
    co_return std::string(response.body());
}
// [upload]

// [threads]
std::size_t fetch_in_threads(http::BlockingClient& client, const std::vector<std::string>& urls) {
    hk::ThreadPool pool(8);
    const auto get = [&](const std::string& url) { return client.get(url); };  // blocks a thread of the pool
    std::size_t bytes = 0;
    for (const http::Response& response : pool.map(get, urls)) bytes += response.body().size();
    return bytes;
}
// [threads]

hk::Task<http::Response> answer(const http::Request& request) {
    if (request.method() == "POST") co_return http::Response::text(200, request.body());
    co_return http::Response::text(200, "hello");
}

hk::Task<int> check() {
    http::Server server;
    server.handle(answer);
    co_await server.listen("localhost", 0);
    const std::string url = "http://localhost:" + std::to_string(server.port()) + "/";
    http::Client client;
    const std::string one = co_await fetch(client, url);
    const std::vector<std::string> urls(10, url);
    const std::size_t all = co_await fetch_all(client, urls);
    const std::string fine = co_await try_to_fetch(client, url);
    const std::size_t bytes = co_await count_bytes(client, url);
    const std::string sent = co_await upload(client, url);
    http::BlockingClient blocking;
    const std::size_t in_threads = co_await hk::to_thread(fetch_in_threads, std::ref(blocking), urls);
    co_await server.close();
    const bool right =
        in_threads == 50 && one == "200 hello" && all == 50 && fine == "fine" && bytes == 5 && sent == "0\n1\n2\n";
    if (!right)
        std::printf("%s, %zu, %s, %zu, %s, %zu\n", one.c_str(), all, fine.c_str(), bytes, sent.c_str(), in_threads);
    co_return right ? 0 : 1;
}

int main() { return hk::run(check()); }
