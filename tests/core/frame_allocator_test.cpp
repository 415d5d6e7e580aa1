#include "hocket/core/detail/frame_allocator.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <mutex>
#include <new>
#include <random>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "sanitizers.hpp"
#include "stress_time.hpp"

namespace hocket::detail {
namespace {

constexpr bool kRecycles = !testing::kSanitized;

// A block full of one byte, which the destructor expects to find unchanged.
class Block {
public:
    explicit Block(std::size_t size, unsigned char fill = 0xA5)
        : memory_(FrameHeap::allocate(size)), size_(size), fill_(fill) {
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory_) % 16, 0u);
        std::memset(memory_, fill_, size_);
    }
    Block(Block&& other) noexcept
        : memory_(std::exchange(other.memory_, nullptr)), size_(other.size_), fill_(other.fill_) {}
    Block& operator=(Block&& other) noexcept {
        std::swap(memory_, other.memory_);
        std::swap(size_, other.size_);
        std::swap(fill_, other.fill_);
        return *this;
    }
    ~Block() {
        if (!memory_) return;
        const auto* bytes = static_cast<const unsigned char*>(memory_);
        EXPECT_EQ(bytes[0], fill_);
        EXPECT_EQ(bytes[size_ / 2], fill_);
        EXPECT_EQ(bytes[size_ - 1], fill_);
        FrameHeap::deallocate(memory_, size_);
    }
    void* address() const { return memory_; }

private:
    void* memory_;
    std::size_t size_;
    unsigned char fill_;
};

void run_in_thread(auto function) { std::thread(std::move(function)).join(); }

TEST(FrameHeap, GivesBlocksOfAnySizeThatDoNotOverlap) {
    std::minstd_rand random(1);
    std::vector<Block> blocks;
    for (std::size_t size = 1; size <= 3 * FrameHeap::kLargest; size += 1 + size / 40)
        blocks.emplace_back(size, static_cast<unsigned char>(random()));
    for (int round = 0; round < 20'000; ++round) {
        const std::size_t size = 1 + random() % (FrameHeap::kLargest + 100);
        blocks[random() % blocks.size()] = Block(size, static_cast<unsigned char>(random()));
    }
}

TEST(FrameHeap, GivesBlocksAboveItsLimitFromTheSystem) {
    run_in_thread([] {
        const std::uint64_t before = FrameHeap::system_allocations();
        for (int i = 0; i < 1000; ++i) Block block(FrameHeap::kLargest + 1);
        EXPECT_EQ(FrameHeap::system_allocations(), before);  // none of its own
    });
}

TEST(FrameHeap, GivesAFreedBlockToTheNextWhoWantsItsSize) {
    if (!kRecycles) GTEST_SKIP() << "under this sanitizer blocks are not recycled";
    void* address = Block(200).address();
    EXPECT_EQ(Block(201).address(), address);  // 193 to 208 bytes are one size
    EXPECT_EQ(Block(208).address(), address);
    EXPECT_EQ(Block(193).address(), address);
    EXPECT_NE(Block(209).address(), address);
    EXPECT_NE(Block(192).address(), address);
}

TEST(FrameHeap, AsksTheSystemForNothingInSteadyState) {
    if (!kRecycles) GTEST_SKIP() << "under this sanitizer blocks are not recycled";
    const auto work = [] {
        std::vector<Block> blocks;
        for (std::size_t size = 16; size <= FrameHeap::kLargest; size += 16) {
            for (int i = 0; i < 20; ++i) blocks.emplace_back(size);
        }
    };
    work();
    const std::uint64_t before = FrameHeap::system_allocations();
    EXPECT_GT(before, 0u);
    for (int round = 0; round < 100; ++round) work();
    EXPECT_EQ(FrameHeap::system_allocations(), before);
}

TEST(FrameHeap, GetsBackWhatOtherThreadsFree) {
    if (!kRecycles) GTEST_SKIP() << "under this sanitizer blocks are not recycled";
    run_in_thread([] {
        std::uint64_t before = 0;
        std::set<void*> addresses;
        for (int round = 0; round < 50; ++round) {
            std::vector<Block> blocks;
            for (int i = 0; i < 1000; ++i) blocks.emplace_back(1000);
            for (const Block& block : blocks) addresses.insert(block.address());
            if (round == 0) before = FrameHeap::system_allocations();
            run_in_thread([&blocks] { blocks.clear(); });
        }
        EXPECT_EQ(FrameHeap::system_allocations(), before);
        EXPECT_EQ(addresses.size(), 1000u);
    });
}

TEST(FrameHeap, LeavesItsMemoryToTheNextThreadWhenItsThreadEnds) {
    if (!kRecycles) GTEST_SKIP() << "under this sanitizer blocks are not recycled";
    std::set<void*> addresses;
    for (int i = 0; i < 50; ++i) {
        run_in_thread([&] {
            Block first(64);
            addresses.insert(first.address());
        });
    }
    EXPECT_EQ(addresses.size(), 1u);
}

TEST(FrameHeap, BlocksOutliveTheThreadThatMadeThem) {
    std::vector<Block> blocks;
    run_in_thread([&] {
        for (int i = 0; i < 100; ++i) blocks.emplace_back(500, static_cast<unsigned char>(i));
    });
    run_in_thread([&] {
        for (int i = 0; i < 100; ++i) blocks.emplace_back(500, static_cast<unsigned char>(100 + i));
    });
    blocks.clear();  // each is checked
}

// Frees and takes blocks when thread-local objects are destroyed, after those of the heap itself.
TEST(FrameHeap, ServesTheDestructorsOfAThreadThatEnds) {
    class AtTheEnd {
    public:
        AtTheEnd() = default;
        ~AtTheEnd() {
            blocks.clear();
            for (std::size_t size = 16; size < 4000; size += 100) blocks.emplace_back(size);
            blocks.clear();
            done->store(true);
        }
        std::vector<Block> blocks;
        std::atomic<bool>* done = nullptr;
    };
    std::atomic<bool> stop{false};
    std::thread heir([&] {  // uses the heap that the others leave
        while (!stop) {
            run_in_thread([] {
                std::vector<Block> blocks;
                for (int i = 0; i < 100; ++i) blocks.emplace_back(16u + 100u * (static_cast<unsigned>(i) % 20), 0x5A);
            });
        }
    });
    for (int round = 0; round < 200; ++round) {
        std::atomic<bool> done{false};
        run_in_thread([&] {
            thread_local AtTheEnd at_the_end;  // constructed before the heap is taken, so destroyed after it is left
            at_the_end.done = &done;
            for (int i = 0; i < 20; ++i) at_the_end.blocks.emplace_back(300);
        });
        EXPECT_TRUE(done);
    }
    stop = true;
    heir.join();
}

TEST(FrameHeapStress, BlocksTravelBetweenThreads) {
    constexpr int kThreads = 3;
    std::mutex mutex;
    std::vector<Block> exchange;
    std::atomic<bool> stop{false};
    std::atomic<std::uint64_t> exchanged{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([&, t] {
            std::minstd_rand random(static_cast<unsigned>(t) + 1);
            std::vector<Block> mine;
            while (!stop) {
                for (int i = 0; i < 50; ++i)
                    mine.emplace_back(1 + random() % FrameHeap::kLargest, static_cast<unsigned char>(random()));
                {
                    std::scoped_lock guard(mutex);
                    exchange.swap(mine);
                }
                while (!mine.empty()) mine.pop_back();
                ++exchanged;
            }
        });
    }
    const test::StressTime time;
    while (time.left()) std::this_thread::yield();
    stop = true;
    for (auto& thread : threads) thread.join();
    EXPECT_GT(exchanged, 0u);
}

}  // namespace
}  // namespace hocket::detail
