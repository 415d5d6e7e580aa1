// What a thread has computed, brought home: through a queue, or in an object that is read after the join.
#include <hocket/queue.hpp>
#include <hocket/threading.hpp>

#include <exception>
#include <functional>
#include <iostream>
#include <map>
#include <ranges>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace hk = hocket;

// A result says whose it is, since they come in any order, and is there also if it is an error, so that nobody counts
// one too few.
struct Result {
    std::string who;
    hk::Outcome<std::vector<int>> outcome;
};

// Wraps any function: its result goes to `queue`. A lazy range is walked through in the thread, not by the reader.
template <class F>
auto return_via_queue(hk::Queue<Result>& queue, std::string who, F function) {
    return [&queue, who = std::move(who), function = std::move(function)]<class... Arguments>(Arguments... arguments) {
        Result result{who, {}};
        try {
            std::vector<int> values;
            for (int value : std::invoke(function, std::move(arguments)...)) values.push_back(value);
            result.outcome.set_value(std::move(values));
        } catch (const std::exception&) {
            result.outcome.set_error(std::current_exception());
        }
        queue.put(std::move(result));
    };
}

std::vector<int> count_up(int to) {
    std::vector<int> numbers;
    for (int i = 1; i <= to; ++i) numbers.push_back(i);
    return numbers;
}

auto squares_in(std::map<int, std::uint64_t>& computed_by, int to) {
    return std::views::iota(1, to + 1) | std::views::transform([&computed_by](int i) {
               computed_by[i] = hk::this_thread::id();
               return i * i;
           });
}

std::vector<int> broken(int) { throw std::runtime_error("out of numbers"); }

struct Mean {
    double value = 0;
    void of(const std::vector<int>& numbers) {
        double sum = 0;
        for (const int number : numbers) sum += number;
        value = sum / static_cast<double>(numbers.size());
    }
};

int main() {
    hk::Queue<Result> queue;
    std::map<int, std::uint64_t> computed_by;
    std::vector<hk::Thread> threads;
    threads.emplace_back(return_via_queue(queue, "count_up", count_up), 3);
    threads.emplace_back(return_via_queue(queue, "squares", std::bind_front(squares_in, std::ref(computed_by))), 4);
    threads.emplace_back(return_via_queue(queue, "broken", broken), 5);
    const std::uint64_t squares_thread = threads[1].id();
    for (hk::Thread& thread : threads) thread.join();
    queue.shutdown();  // ends the loop below once the queue is empty

    std::map<std::string, std::string> lines;
    int results = 0;
    for (Result& result : queue) {
        ++results;
        std::string& line = lines[result.who];
        try {
            for (const int value : result.outcome.value()) line += ' ' + std::to_string(value);
        } catch (const std::exception& error) {
            line = std::string(" failed: ") + error.what();
        }
    }
    for (const auto& [who, line] : lines) std::cout << who << ':' << line << '\n';
    std::cout << results << " results of " << threads.size() << " threads\n";
    int elsewhere = 0;
    for (const auto& [number, id] : computed_by) elsewhere += id != squares_thread;
    std::cout << "computed outside of their thread: " << elsewhere << '\n';

    // An object of ours that the thread writes to; ours again after join(), not before.
    Mean mean;
    hk::Thread thread(&Mean::of, &mean, std::vector{1, 2, 3, 4});
    thread.join();
    std::cout << "mean: " << mean.value << '\n';
}
