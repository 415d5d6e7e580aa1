// Counting the words of a text of millions, in threads and in processes. The text is in memory that all of them see, so
// that nothing is copied: a job is a piece of it, two numbers. Only the counts travel.
//
//     large_text [WORDS [WORKERS]]
#include <hocket/futures.hpp>
#include <hocket/process.hpp>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <iomanip>
#include <iostream>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hk = hocket;
using Counts = std::vector<std::pair<std::string, std::uint64_t>>;

// A word of the text, which stays where it is, with its first eight characters as a number, which is all of most words.
struct Word {
    std::uint64_t head;
    std::string_view text;

    // The one that begins at `at`; a space ends it before `end`.
    static Word at(const char* at, const char* end) {
        constexpr std::uint64_t kOnes = 0x0101010101010101, kHighBits = 0x8080808080808080,
                                kSpaces = 0x2020202020202020;
        std::uint64_t head = 0;
        std::memcpy(&head, at, std::min<std::size_t>(8, static_cast<std::size_t>(end - at)));
        // The lowest byte that is zero in `rest` is the first space (Lamport 1975; bytes in this machine's order).
        const std::uint64_t rest = head ^ kSpaces;
        const std::uint64_t spaces = (rest - kOnes) & ~rest & kHighBits;
        if (spaces != 0) {
            const int bits = std::countr_zero(spaces) & ~7;
            return {head & ~(~std::uint64_t{0} << bits), {at, static_cast<std::size_t>(bits / 8)}};
        }
        const char* const word_end = std::find(at + 8, end, ' ');
        return {head, {at, word_end}};
    }
    std::uint64_t hash() const { return (head ^ text.size()) * 0x9e3779b97f4a7c15u; }
    friend bool operator==(const Word& a, const Word& b) {
        return a.head == b.head && a.text.size() == b.text.size() && (a.text.size() <= 8 || a.text == b.text);
    }
};

// How often each was seen: open addressing.
class WordTable {
public:
    WordTable() : slots_(1 << 16) {}
    void add(const Word& word) {
        for (std::size_t at = word.hash() >> shift_;; at = (at + 1) & (slots_.size() - 1)) {
            Slot& slot = slots_[at];
            if (slot.count == 0) {
                if (2 * used_ >= slots_.size()) return grow(), add(word);
                ++used_;
                slot.word = word;
            }
            if (slot.count == 0 || slot.word == word) {
                ++slot.count;
                return;
            }
        }
    }
    Counts counts() const {
        Counts counts;
        for (const Slot& slot : slots_) {
            if (slot.count > 0) counts.emplace_back(slot.word.text, slot.count);
        }
        std::ranges::sort(counts);
        return counts;
    }

private:
    struct Slot {
        Word word{};
        std::uint64_t count = 0;
    };
    void grow() {
        std::vector<Slot> old(2 * slots_.size());
        old.swap(slots_);
        --shift_;
        for (const Slot& slot : old) {
            if (slot.count == 0) continue;
            std::size_t at = slot.word.hash() >> shift_;
            while (slots_[at].count > 0) at = (at + 1) & (slots_.size() - 1);
            slots_[at] = slot;
        }
    }
    std::vector<Slot> slots_;
    std::size_t used_ = 0;
    int shift_ = 48;
};

// A piece of the text, from one position to another, both at the beginning of a word.
struct Piece {
    std::size_t begin;
    std::size_t end;
};

std::optional<hk::SharedArray<char>> text;  // in the workers too
void use(hk::SharedArray<char> shared) { text = shared; }

Counts count_words(Piece piece) {
    WordTable table;
    const char* at = text->data() + piece.begin;
    const char* const end = text->data() + piece.end;
    while (at < end) {
        const Word word = Word::at(at, end);
        table.add(word);
        at += word.text.size() + 1;
    }
    return table.counts();
}

// Both are sorted, and so is the result.
Counts merge(Counts a, const Counts& b) {
    Counts merged;
    merged.reserve(std::max(a.size(), b.size()));
    auto left = a.begin();
    auto right = b.begin();
    while (left != a.end() || right != b.end()) {
        if (right == b.end() || (left != a.end() && left->first < right->first)) {
            merged.push_back(std::move(*left++));
        } else if (left == a.end() || right->first < left->first) {
            merged.push_back(*right++);
        } else {
            merged.emplace_back(std::move(left->first), left->second + right->second);
            ++left, ++right;
        }
    }
    return merged;
}

// Words of a vocabulary of 20,000, the n-th of which is n times as rare as the first; each ends with a space.
std::string make_text(std::size_t words) {
    std::vector<double> weights;
    for (int i = 1; i <= 20'000; ++i) weights.push_back(1.0 / i);
    std::discrete_distribution<int> choose(weights.begin(), weights.end());
    std::mt19937 random(7);
    std::string some;
    const std::size_t once = std::min<std::size_t>(words, 800'000);
    std::size_t count = 0;
    for (; count < once; ++count) some += "w" + std::to_string(choose(random)) + " ";
    std::string all;
    for (; words >= count; words -= count) all += some;
    for (; words > 0; --words) all += "rest ";
    return all;
}

std::vector<Piece> divide(std::size_t pieces) {
    const std::string_view all(text->data(), text->size());
    std::vector<Piece> result;
    for (std::size_t begin = 0; begin < all.size();) {
        const std::size_t near = std::max(begin, std::min(all.size() - 1, begin + all.size() / pieces));
        const std::size_t end = all.find(' ', near) + 1;
        result.push_back({begin, end});
        begin = end;
    }
    return result;
}

template <class Pool>
Counts count_all(const char* how, Pool& pool, std::size_t workers, std::size_t words) {
    const std::vector<Piece> pieces = divide(2 * workers);
    hk::MapReduceOptions options;
    options.chunk_size = 1;
    (void)hk::map_reduce(pool, pieces, &count_words, &merge, options);  // workers start, and see the memory
    const auto start = std::chrono::steady_clock::now();
    Counts counts = hk::map_reduce(pool, pieces, &count_words, &merge, options);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    std::cout << how << ": " << took.count() << " s, " << static_cast<double>(words) / took.count() / 1e6
              << " M words/s\n";
    return counts;
}

int main(int argc, char** argv) {
    hk::init(argc, argv);
    const std::size_t words = argc > 1 ? std::stoul(argv[1]) : 16'000'000;
    const std::size_t workers = argc > 2 ? std::stoul(argv[2]) : 2;
    text.emplace(make_text(words), "text");
    std::cout << std::fixed << std::setprecision(3) << words << " words, " << text->size() << " bytes\n";

    hk::ThreadPool threads(workers);
    hk::ProcessPool processes({.max_workers = workers, .initializer = {&use, *text}});
    const Counts by_threads = count_all("threads", threads, workers, words);
    const Counts by_processes = count_all("processes", processes, workers, words);
    std::uint64_t total = 0;
    for (const auto& [word, count] : by_threads) total += count;
    std::cout << by_threads.size() << " different words, " << total << " in all; processes counted "
              << (by_processes == by_threads ? "the same" : "something else") << '\n';
}
