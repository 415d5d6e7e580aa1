// MapReduce: how often each word occurs. Each sentence is mapped to its own counts, and counts are merged two by two,
// in threads or in processes; the totals are the same for any division of the work.
#include <hocket/futures.hpp>
#include <hocket/process.hpp>

#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace hk = hocket;
using Counts = std::map<std::string, int>;

Counts count_words(const std::string& sentence) {
    Counts counts;
    std::istringstream words(sentence);
    for (std::string word; words >> word;) ++counts[word];
    return counts;
}
Counts merge(Counts counts, const Counts& more) {
    for (const auto& [word, n] : more) counts[word] += n;
    return counts;
}

int main(int argc, char** argv) {
    hk::init(argc, argv);
    const std::vector<std::string> sentences{"I know what I know", "I know that I know", "I dont't know that much",
                                             "they don't know much"};
    Counts totals;
    {
        hk::ProcessPool pool(2);
        hk::MapReduceOptions options;
        options.chunk_size = 1;
        options.progress = [](const hk::MapReduceProgress& progress) {
            if (progress.reduced == progress.reductions) {
                std::cout << progress.mapped << " sentences mapped, " << progress.reduced << " merges\n";
            }
        };
        totals = hk::map_reduce(pool, sentences, &count_words, &merge, options);
    }
    for (const auto& [word, count] : totals) std::cout << word << ": " << count << '\n';

    int same = 0, different = 0;
    for (const std::size_t workers : {1, 2, 3}) {
        hk::ProcessPool processes(workers);
        hk::ThreadPool threads(workers);
        for (std::size_t chunk = 1; chunk <= sentences.size(); ++chunk) {
            hk::MapReduceOptions options;
            options.chunk_size = chunk;
            const bool right = hk::map_reduce(processes, sentences, &count_words, &merge, options) == totals &&
                               hk::map_reduce(threads, sentences, &count_words, &merge, options) == totals;
            ++(right ? same : different);
        }
    }
    std::cout << "other divisions: " << same << " with the same totals, " << different << " with others\n";
}
