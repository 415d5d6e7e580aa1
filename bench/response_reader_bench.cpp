// What reading one response costs a load generator: nanoseconds per response, from a buffer that holds it whole.

#include <benchmark/benchmark.h>

#include <string>

#include "load/response_reader.hpp"

namespace {

using namespace hocket::load;

const std::string nginx_head =
    "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Fri, 20 Nov 2026 17:27:00 GMT\r\nContent-Type: text/plain\r\n"
    "Content-Length: 13\r\nConnection: keep-alive\r\n\r\n";
const std::string nginx_response = nginx_head + "Hello, world\n";
const std::string chunked_response =
    "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Fri, 20 Nov 2026 17:27:00 GMT\r\nContent-Type: text/plain\r\n"
    "Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\nd\r\nHello, world\n\r\n0\r\n\r\n";

void read_whole(benchmark::State& state, const std::string& response, ResponseContext::Cache cache) {
    ResponseContext context(cache);
    ResponseReader reader(context);
    for (auto _ : state) {
        reader.begin(false);
        const ReadResult result = reader.feed(response.data(), response.size());
        if (result.state != ReadState::complete) state.SkipWithError("not complete");
        benchmark::DoNotOptimize(result);
    }
}

void nginx_from_cache(benchmark::State& state) { read_whole(state, nginx_response, ResponseContext::Cache::on); }
void nginx_parsed(benchmark::State& state) { read_whole(state, nginx_response, ResponseContext::Cache::off); }
void chunked_parsed(benchmark::State& state) { read_whole(state, chunked_response, ResponseContext::Cache::on); }

// The worst case of the cache: every head differs from the one before, in its last header.
void nginx_cache_misses(benchmark::State& state) {
    std::string responses[2] = {nginx_response, nginx_response};
    responses[1].replace(responses[1].find("keep-alive"), 10, "Keep-Alive");
    ResponseContext context;
    ResponseReader reader(context);
    std::size_t turn = 0;
    for (auto _ : state) {
        const std::string& response = responses[++turn % 2];
        reader.begin(false);
        benchmark::DoNotOptimize(reader.feed(response.data(), response.size()));
    }
}

void nginx_in_two_pieces(benchmark::State& state) {
    ResponseContext context;
    ResponseReader reader(context);
    for (auto _ : state) {
        reader.begin(false);
        reader.feed(nginx_response.data(), 80);
        benchmark::DoNotOptimize(reader.feed(nginx_response.data() + 80, nginx_response.size() - 80));
    }
}

BENCHMARK(nginx_from_cache);
BENCHMARK(nginx_parsed);
BENCHMARK(nginx_cache_misses);
BENCHMARK(nginx_in_two_pieces);
BENCHMARK(chunked_parsed);

}  // namespace
