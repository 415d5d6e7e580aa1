// The snippets of docs/futures.md, as a program.
#undef NDEBUG
#include <cassert>
#include <numeric>
#include <ranges>
#include <stdexcept>
#include <string>
#include <vector>

#include "hocket/aio.hpp"
#include "hocket/futures.hpp"

namespace hk = hocket;
using namespace std::chrono_literals;

namespace {

int power(int base, int exponent) {
    int result = 1;
    while (exponent-- > 0) result *= base;
    return result;
}

void submit() {
    // [submit]
    hk::ThreadPool pool({.max_workers = 4, .name = "worker"});
    hk::Future<int> future = pool.submit(power, 2, 16);
    assert(future.result() == 65536);  // blocks until it is there; throws what the job has thrown

    future.add_done_callback([](hk::Future<int>& done) { assert(done.result() == 65536); });
    // [submit]
}

void several(hk::ThreadPool& pool) {
    // [several]
    std::vector<hk::Future<int>> futures;
    for (int i = 0; i < 10; ++i) futures.push_back(pool.submit(power, i, 2));

    auto [done, pending] = hk::wait(futures, hk::FIRST_COMPLETED, 5s);
    assert(done.size() + pending.size() == 10);

    int sum = 0;
    for (hk::Future<int>& future : hk::as_completed(futures)) sum += future.result();  // whichever is done first
    assert(sum == 285);
    // [several]
}

void map(hk::ThreadPool& pool) {
    // [map]
    const std::vector<int> bases{1, 2, 3};
    std::vector<int> squares;
    for (int square : pool.map([](int base) { return power(base, 2); }, bases)) squares.push_back(square);
    assert((squares == std::vector<int>{1, 4, 9}));
    // [map]
    // [map_options]
    const auto numbers = std::views::iota(0, 10'000);
    long sum = 0;
    for (int square : pool.map([](int base) { return power(base, 2) % 7; }, numbers, {.chunk_size = 500}))
        sum += square;
    assert(sum == 19'999);
    // [map_options]
}

void cancel(hk::ThreadPool& pool) {
    // [cancel]
    hk::Event never;
    hk::Future<void> job = pool.submit([&] { never.wait(); });
    job.cancel("no longer needed");  // removes it, or ends its wait
    try {
        job.result();
    } catch (const hk::CancelledError& error) {
        assert(error.reason() == "no longer needed");
    }
    // [cancel]
}

// [nested]
int depth(hk::ThreadPool& pool, int levels) {
    if (levels == 0) return 0;
    return 1 + pool.submit(depth, std::ref(pool), levels - 1).result();
}
// [nested]

// [fork]
std::uint64_t fibonacci(hk::ThreadPool& pool, std::uint64_t n) {
    if (n < 2) return n;
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    hk::parallel_invoke(
        pool, [&] { a = fibonacci(pool, n - 1); }, [&] { b = fibonacci(pool, n - 2); });
    return a + b;
}
// [fork]

void parallel(hk::ThreadPool& pool) {
    // [parallel]
    std::vector<double> values(100'000, 1.0);
    hk::parallel_for(pool, values, [](double& value) { value *= 2; });
    const double sum = hk::map_reduce(
        pool, values, [](double value) { return value * value; }, std::plus<>());
    assert(sum == 400'000);
    // [parallel]
}

// [coroutine]
hk::Task<int> from_a_coroutine(hk::Executor& pool) {
    const int a = co_await hk::run_in_executor(pool, power, 2, 4);  // the loop goes on meanwhile
    hk::Future<int> future = pool.submit(power, 2, 5);
    const int b = co_await future;
    co_return a + b;
}
// [coroutine]

void promise() {
    // [promise]
    hk::Promise<int> promise;
    hk::Future<int> future = promise.future();
    promise.set_result(3);
    assert(future.result() == 3);
    // [promise]
}

}  // namespace

int main() {
    submit();
    hk::ThreadPool pool(2);
    several(pool);
    map(pool);
    cancel(pool);
    assert(depth(pool, 100) == 100);
    assert(fibonacci(pool, 20) == 6765);
    parallel(pool);
    assert(hk::run(from_a_coroutine(pool)) == 48);
    promise();
}
