// The snippets of docs/shared-memory.md.
#include <hocket/futures.hpp>
#include <hocket/process.hpp>

#include <iostream>
#include <map>
#include <mutex>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace hk = hocket;

// [counter]
void count(hk::SharedValue<int> counter, hk::SharedArray<int> times) {  // the same memory, in another process
    std::scoped_lock guard(counter.lock());
    ++*counter;
    for (int& n : times) ++n;
}

void count_in_processes() {
    hk::SharedValue<int> counter(0);
    hk::SharedArray<int> times(3);
    hk::Process process(count, counter, times);
    count(counter, times);
    process.join();
    std::cout << *counter << ' ' << times.at(2) << '\n';  // 2 2
}
// [counter]

// [died]
void increment(hk::SharedValue<int> counter) {
    try {
        std::scoped_lock guard(counter.lock());
        ++*counter;
    } catch (const hk::OwnerDiedError& error) {
        auto guard = counter.lock().recover();  // as long as this lives, the lock is ours
        std::cerr << error.what() << '\n';      // who, and of what
        *counter = 0;                           // whatever is right here
    }
}
// [died]

// [condition]
struct Progress {
    int done = 0;
    bool finished = false;
};

void report(hk::SharedCondition changed, hk::SharedValue<Progress> progress) {
    std::unique_lock guard(changed);
    changed.wait(guard, [&] { return progress->finished; });
    std::cout << progress->done << " done\n";
}
// [condition]

void watch() {
    hk::SharedCondition changed;
    hk::SharedValue<Progress> progress;
    hk::Process watcher(report, changed, progress);
    {
        std::scoped_lock guard(changed);
        progress->done = 7;
        progress->finished = true;
        changed.notify_all();
    }
    watcher.join();
}

// [queue]
void square(hk::SharedQueue<int> numbers, hk::SharedQueue<std::string> lines) {
    for (const int n : numbers) lines.put(std::to_string(n) + "^2 = " + std::to_string(n * n));
    lines.shutdown();
}

void squares() {
    hk::SharedQueue<int> numbers(100);        // lies in shared memory as it is
    hk::SharedQueue<std::string> lines(100);  // is serialised into it
    hk::Process process(square, numbers, lines);
    for (int n = 1; n <= 3; ++n) numbers.put(n);
    numbers.shutdown();
    for (const std::string& line : lines) std::cout << line << '\n';  // until it is shut down and empty
    process.join();
}
// [queue]

// [unrelated]
hk::SharedArray<double> open_samples(int descriptor) {
    // From wherever this process has it: inherited, over a Unix socket, or pidfd_getfd(2).
    return hk::SharedArray<double>::from_descriptor(descriptor);
}
// [unrelated]

// [mapreduce]
using Counts = std::map<std::string, int>;

Counts count_words(const std::string& line) {
    Counts counts;
    std::istringstream words(line);
    for (std::string word; words >> word;) ++counts[word];
    return counts;
}
Counts merge(Counts counts, const Counts& more) {
    for (const auto& [word, n] : more) counts[word] += n;
    return counts;
}

Counts count_all(hk::ProcessPool& pool, const std::vector<std::string>& lines) {
    hk::MapReduceOptions options;
    options.chunk_size = 1000;
    options.progress = [](const hk::MapReduceProgress& progress) {
        std::cerr << progress.mapped << " of " << progress.chunks << " chunks\n";
    };
    return hk::map_reduce(pool, lines, count_words, merge, options);
}
// [mapreduce]

int main(int argc, char** argv) {
    hk::init(argc, argv);
    count_in_processes();
    hk::SharedValue<int> counter(0);
    increment(counter);
    watch();
    squares();
    hk::SharedArray<double> samples(10, 1.5);
    if (open_samples(samples.descriptor())[9] != 1.5) return 1;
    hk::ProcessPool pool(2);
    if (count_all(pool, {"a b", "b"})["b"] != 2) return 1;
    return *counter == 1 ? 0 : 1;
}
