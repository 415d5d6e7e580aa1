// What a request costs the thread of http::Client, beside a bare loop over the same libcurl.
//
// The server, Hocket's own, runs on another thread and answers "hello". The benchmark's thread keeps the given number
// of requests under way. "rate" is requests in a second of real time, "each" the client thread's processor time for
// one.

#include <benchmark/benchmark.h>
#include <curl/curl.h>

#include <cstdint>
#include <hocket/aio.hpp>
#include <hocket/http.hpp>
#include <numeric>
#include <string>
#include <vector>

#include "figures.hpp"

namespace {

namespace hk = hocket;
namespace http = hocket::http;
using hk::bench::expect;

constexpr int kRequests = 5'000;  // in one iteration

// A server on a thread of its own, for all benchmarks.
class ServerThread {
public:
    ServerThread() {
        server_.get("/", [](const http::Request&) -> hk::Task<http::Response> {
            co_return http::Response::text(200, "hello");
        });
        thread_.submit(server_.listen("127.0.0.1", 0)).result();
    }
    ~ServerThread() { thread_.submit(server_.close()).result(); }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(server_.port()) + "/"; }

private:
    http::Server server_;
    hk::LoopThread thread_;
};

const std::string& url() {
    static const ServerThread server;
    static const std::string text = server.url();
    return text;
}

class Measured {
public:
    explicit Measured(benchmark::State& state) : state_(state) {}
    ~Measured() {
        const auto requests = static_cast<double>(state_.iterations() * kRequests);
        state_.counters["rate"] = benchmark::Counter(requests, benchmark::Counter::kIsRate);
        state_.counters["each"] = (hk::bench::processor_time() - begin_) / requests;
    }

private:
    benchmark::State& state_;
    const double begin_ = hk::bench::processor_time();
};

// Gives how many were answered.
hk::Task<std::uint64_t> ask(http::Client& client, int times) {
    std::uint64_t answered = 0;
    for (int i = 0; i < times; ++i) {
        const http::Response response = co_await client.get(url());
        if (response.body() == "hello") ++answered;
    }
    co_return answered;
}

void client(benchmark::State& state) {
    const int together = static_cast<int>(state.range(0));
    (void)url();
    hk::EventLoop loop;
    http::Client client;
    const auto all = [&]() -> hk::Task<std::uint64_t> {
        std::vector<hk::Task<std::uint64_t>> tasks;
        for (int i = 0; i < together; ++i) tasks.push_back(ask(client, kRequests / together));
        const std::vector<std::uint64_t> answered = co_await hk::gather(std::move(tasks));
        co_return std::accumulate(answered.begin(), answered.end(), std::uint64_t{0});
    };
    loop.run_until_complete(all());  // connects
    const Measured measured(state);
    for (auto _ : state) expect(state, loop.run_until_complete(all()), kRequests);
}

std::size_t take(char* data, std::size_t, std::size_t size, void* to) {
    static_cast<std::string*>(to)->append(data, size);
    return size;
}

// Each handle makes its next request when it has ended one.
class BareLoop {
public:
    explicit BareLoop(int together) : multi_(curl_multi_init()), bodies_(static_cast<std::size_t>(together)) {
        for (std::string& body : bodies_) {
            CURL* const handle = curl_easy_init();
            curl_easy_setopt(handle, CURLOPT_URL, url().c_str());
            curl_easy_setopt(handle, CURLOPT_PROXY, "");
            curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
            curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take);
            curl_easy_setopt(handle, CURLOPT_WRITEDATA, &body);
            curl_easy_setopt(handle, CURLOPT_PRIVATE, &body);
            handles_.push_back(handle);
        }
    }
    ~BareLoop() {
        for (CURL* handle : handles_) curl_easy_cleanup(handle);
        curl_multi_cleanup(multi_);
    }
    // Gives how many were answered.
    std::uint64_t ask(int times) {
        std::uint64_t answered = 0;
        int started = 0;
        for (CURL* handle : handles_) {
            if (started++ < times) curl_multi_add_handle(multi_, handle);
        }
        started = std::min(started, times);
        for (int ended = 0; ended < times;) {
            int running = 0;
            curl_multi_perform(multi_, &running);
            int left = 0;
            bool any = false;
            while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
                CURL* const handle = message->easy_handle;
                std::string* body = nullptr;
                curl_easy_getinfo(handle, CURLINFO_PRIVATE, &body);
                if (*body == "hello") ++answered;
                body->clear();
                curl_multi_remove_handle(multi_, handle);
                ++ended;
                if (started < times) {
                    curl_multi_add_handle(multi_, handle);
                    ++started;
                    any = true;
                }
            }
            if (!any && ended < times) curl_multi_poll(multi_, nullptr, 0, 1000, nullptr);
        }
        return answered;
    }

private:
    CURLM* multi_;
    std::vector<CURL*> handles_;
    std::vector<std::string> bodies_;
};

void bare_curl_multi(benchmark::State& state) {
    (void)url();
    BareLoop loop(static_cast<int>(state.range(0)));
    expect(state, loop.ask(kRequests), kRequests);
    const Measured measured(state);
    for (auto _ : state) expect(state, loop.ask(kRequests), kRequests);
}

BENCHMARK(client)->Arg(1)->Arg(50)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(bare_curl_multi)->Arg(1)->Arg(50)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
