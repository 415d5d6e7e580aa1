// One after another or all at once, and in which order the results come: what a pool of processes offers.
//
//     orders [LARGEST]
#include <hocket/aio.hpp>
#include <hocket/futures.hpp>
#include <hocket/process.hpp>

#include <iostream>
#include <string>
#include <vector>

#include "../arguments.hpp"

namespace hk = hocket;

// Gives back what it has counted to, so that a result tells whose it is.
long count_to(long n) {
    volatile long counter = 0;
    while (counter < n) counter = counter + 1;
    return n;
}

std::string joined(const std::vector<long>& numbers) {
    std::string text;
    for (const long number : numbers) text += ' ' + std::to_string(number);
    return text;
}

// Blocking calls: the second begins when the first has ended, so one worker is enough, and no more is started.
void one_after_another(hk::ProcessPool& pool) {
    const long first = pool.submit(count_to, 1000).result();
    const long second = pool.submit(count_to, 2000).result();
    std::cout << "one after another: " << first << ' ' << second << '\n';
}

// Both run at once. They are asked for in the order of the program, and a result that is there early waits.
void at_once(hk::ProcessPool& pool, long largest) {
    const auto slow = pool.submit(count_to, largest);
    const auto quick = pool.submit(count_to, 1);
    quick.result();
    std::cout << "the quick one waits for " << (slow.done() ? "the slow one" : "nobody") << '\n';
    std::cout << "at once: " << slow.result() << ' ' << quick.result() << '\n';
}

void in_order_of_submission(hk::ProcessPool& pool, const std::vector<long>& numbers) {
    std::vector<hk::Future<long>> futures;
    for (const long number : numbers) futures.push_back(pool.submit(count_to, number));
    std::vector<long> results;
    for (const auto& future : futures) results.push_back(future.result());
    std::cout << "submitted:" << joined(results) << '\n';
}

// In the order of the input: those behind a slow one are seen after it.
void in_order_of_input(hk::ProcessPool& pool, const std::vector<long>& numbers) {
    std::vector<long> results;
    for (const long result : pool.map(count_to, numbers)) results.push_back(result);
    std::cout << "mapped:" << joined(results) << '\n';
}

// In the order of their ends, awaited by a task while its loop does other things.
hk::Task<std::vector<long>> in_order_of_completion(hk::ProcessPool& pool, const std::vector<long>& numbers) {
    std::vector<hk::Future<long>> futures;
    for (const long number : numbers) futures.push_back(pool.submit(count_to, number));
    std::vector<long> results;
    auto completed = hk::async_as_completed(futures);
    while (auto future = co_await completed.next()) results.push_back(future->result());
    co_return results;
}

int main(int argc, char** argv) {
    hk::init(argc, argv);
    Arguments arguments(argc, argv, "orders [STEPS]");
    const long largest = arguments.number("STEPS", 100'000'000L, 1L, 1'000'000'000'000L);
    arguments.end();

    hk::ProcessPool pool(2);
    one_after_another(pool);
    std::cout << "workers so far: " << pool.statistics().started << '\n';
    at_once(pool, largest);
    const std::vector<long> numbers{largest, 1, 2, 3, 5, 22};
    in_order_of_submission(pool, numbers);
    in_order_of_input(pool, numbers);
    std::cout << "completed:" << joined(hk::run(in_order_of_completion(pool, numbers))) << '\n';
}
