// ReduceTree: in which order partial results are combined.
#pragma once
#include <cstddef>
#include <optional>
#include <vector>

namespace hocket::detail {

/// A binary tree over a number of leaves in a row: neighbours are combined, then neighbouring results, and so on; what
/// is left over at the end of a row goes up as it is. Nodes are numbered, leaves first, the root last. Not thread-safe.
class ReduceTree {
public:
    struct Pair {
        std::size_t node;  // what becomes of the two
        std::size_t left;
        std::size_t right;
    };

    /// `leaves` is at least 1.
    explicit ReduceTree(std::size_t leaves) : leaves_(leaves), pair_of_(2 * leaves - 1, kNone) {
        std::vector<std::size_t> row;
        for (std::size_t leaf = 0; leaf < leaves; ++leaf) row.push_back(leaf);
        pairs_.reserve(leaves - 1);
        while (row.size() > 1) {
            std::vector<std::size_t> above;
            for (std::size_t i = 0; i + 1 < row.size(); i += 2) {
                pair_of_[row[i]] = pair_of_[row[i + 1]] = pairs_.size();
                const std::size_t node = leaves_ + pairs_.size();
                pairs_.push_back({node, row[i], row[i + 1]});
                above.push_back(node);
            }
            if (row.size() % 2 != 0) above.push_back(row.back());
            row.swap(above);
        }
        half_done_.resize(pairs_.size());
    }
    std::size_t leaves() const noexcept { return leaves_; }
    std::size_t nodes() const noexcept { return pair_of_.size(); }
    /// The result of `node` is there. Returns the pair that can be combined now, if there is one.
    std::optional<Pair> complete(std::size_t node) {
        const std::size_t pair = pair_of_[node];
        if (pair == kNone) return std::nullopt;
        if (!half_done_[pair]) {
            half_done_[pair] = true;
            return std::nullopt;
        }
        return pairs_[pair];
    }

private:
    static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
    std::size_t leaves_;
    std::vector<std::size_t> pair_of_;  // by node; the root is in none
    std::vector<Pair> pairs_;
    std::vector<bool> half_done_;
};

}  // namespace hocket::detail
