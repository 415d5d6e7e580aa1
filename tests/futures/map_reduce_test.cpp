#include "hocket/futures/map_reduce.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

namespace hocket {
namespace {

TEST(ReduceTree, CombinesNeighboursAndHasItsRootLast) {
    for (std::size_t leaves = 1; leaves < 40; ++leaves) {
        detail::ReduceTree tree(leaves);
        std::vector<std::string> text(tree.nodes());
        std::vector<std::size_t> ready;
        std::string all;
        // The last first, so that order is the tree's and not that of completion.
        for (std::size_t leaf = 0; leaf < leaves; ++leaf) {
            text[leaf] = static_cast<char>('A' + leaf);
            all += text[leaf];
            ready.push_back(leaf);
        }
        std::size_t combined = 0;
        while (!ready.empty()) {
            const std::size_t node = ready.back();
            ready.pop_back();
            if (const auto pair = tree.complete(node)) {
                text[pair->node] = text[pair->left] + text[pair->right];
                ready.push_back(pair->node);
                ++combined;
            }
        }
        EXPECT_EQ(combined, leaves - 1);
        EXPECT_EQ(text.back(), all);
    }
}

TEST(MapReduce, IsTheSameForAllSizesAndKeepsTheOrder) {
    ThreadPool pool(3);
    for (const std::size_t size : {1, 2, 5, 17, 100}) {
        std::vector<int> numbers(size);
        std::iota(numbers.begin(), numbers.end(), 0);
        std::string expected;
        for (const int n : numbers) expected += std::to_string(n) + ",";
        for (const std::size_t chunk : {0, 1, 3, 1000}) {
            const std::string text = map_reduce(
                pool, numbers, [](int n) { return std::to_string(n) + ","; },
                [](std::string a, const std::string& b) { return std::move(a) + b; }, MapReduceOptions{chunk, {}});
            EXPECT_EQ(text, expected);
        }
    }
    EXPECT_EQ(map_reduce(
                  pool, std::vector<int>(), [](int n) { return n; }, std::plus<int>(), MapReduceOptions()),
              0);
}

TEST(MapReduce, TellsItsProgress) {
    ThreadPool pool(2);
    const std::vector<int> numbers(10, 1);
    std::vector<MapReduceProgress> news;
    MapReduceOptions options;
    options.chunk_size = 2;
    options.progress = [&](const MapReduceProgress& progress) { news.push_back(progress); };
    EXPECT_EQ(map_reduce(
                  pool, numbers, [](int n) { return n; }, std::plus<int>(), options),
              10);
    ASSERT_EQ(news.size(), 9u);
    for (std::size_t i = 0; i < news.size(); ++i) EXPECT_EQ(news[i].mapped + news[i].reduced, i + 1);
    EXPECT_EQ(news.back().chunks, 5u);
    EXPECT_EQ(news.back().mapped, 5u);
    EXPECT_EQ(news.back().reduced, 4u);
    EXPECT_EQ(news.back().reductions, 4u);
}

TEST(MapReduce, ThrowsWhatAStepThrows) {
    ThreadPool pool(2);
    const std::vector<int> numbers(100, 1);
    const auto fails = [](int, int) -> int { throw std::domain_error("reduce"); };
    EXPECT_THROW(map_reduce(
                     pool, numbers, [](int n) { return n; }, fails, MapReduceOptions()),
                 std::domain_error);
    MapReduceOptions options;
    options.progress = [](const MapReduceProgress&) { throw std::domain_error("progress"); };
    EXPECT_THROW(map_reduce(
                     pool, numbers, [](int n) { return n; }, std::plus<int>(), options),
                 std::domain_error);
}

}  // namespace
}  // namespace hocket
