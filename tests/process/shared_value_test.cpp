#include "hocket/process/shared_value.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <mutex>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "child_process.hpp"
#include "hocket/process/shared_array.hpp"
#include "process/forked_child.hpp"
#include "process/there_and_back.hpp"

namespace hocket {
namespace {

using testing::ForkedChild;
using ::testing::HasSubstr;

struct Point {
    double x = 1;
    double y = 2;
    friend bool operator==(const Point&, const Point&) = default;
};
struct alignas(512) Wide {
    int value = 3;
};

TEST(SharedValue, HoldsWhatItIsMadeWith) {
    EXPECT_EQ(*SharedValue<int>(5), 5);
    EXPECT_EQ(*SharedValue<int>(), 0);
    EXPECT_EQ(*SharedValue<Point>(), Point());
    EXPECT_EQ(SharedValue<Point>(Point{3, 4})->y, 4);
    const SharedValue<Wide> wide;
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(wide.get()) % alignof(Wide), 0u);
    EXPECT_EQ(wide->value, 3);
}

TEST(SharedValue, ACopyIsTheSameObject) {
    SharedValue<int> value(1);
    SharedValue<int> copy = value;
    SharedValue<int> sent = testing::there_and_back(value);
    SharedValue<int> found = SharedValue<int>::from_descriptor(value.descriptor());
    ++*copy, ++*sent, ++*found;
    EXPECT_EQ(*value, 4);
    EXPECT_EQ(copy, value);
    {
        std::scoped_lock guard(sent.lock());
        EXPECT_TRUE(value.lock().owned());
        EXPECT_FALSE(found.lock().try_lock());
    }
    EXPECT_TRUE(found.lock().try_lock());
    value.lock().unlock();
}

TEST(SharedValue, ItsLockCanBeSentAlone) {
    SharedValue<int> value(1);
    SharedLock lock = testing::there_and_back(value.lock());
    std::scoped_lock guard(lock);
    EXPECT_TRUE(value.lock().owned());
}

TEST(SharedValue, CountsRightAmongProcesses) {
    SharedValue<int> counter(0);
    constexpr int kEach = 20'000;
    const auto count = [&] {
        for (int i = 0; i < kEach; ++i) {
            std::scoped_lock guard(counter.lock());
            ++*counter;
        }
    };
    {
        std::vector<ForkedChild> children;
        for (int i = 0; i < 3; ++i) children.emplace_back(count);
        count();
        for (auto& child : children) EXPECT_EQ(child.wait(), 0);
    }
    EXPECT_EQ(*counter, 4 * kEach);
}

TEST(SharedValue, CanBeAtomicInstead) {
    SharedValue<long> counter(0);
    ForkedChild child([&] {
        for (int i = 0; i < 1000; ++i) ++std::atomic_ref(*counter);
    });
    for (int i = 0; i < 1000; ++i) ++std::atomic_ref(*counter);
    EXPECT_EQ(child.wait(), 0);
    EXPECT_EQ(*counter, 2000);
}

TEST(SharedValue, RefusesADescriptorOfSomethingElse) {
    const SharedValue<int> value(1);
    const SharedLock lock;
    const auto error = [](int descriptor) -> std::string {
        try {
            (void)SharedValue<double>::from_descriptor(descriptor);
        } catch (const std::invalid_argument& error) {
            return error.what();
        }
        return "no error";
    };
    EXPECT_THAT(error(value.descriptor()), HasSubstr("items of 4 bytes where the type here has 8"));
    EXPECT_THAT(error(lock.descriptor()), HasSubstr("is no shared data: its memory holds a shared lock"));
    EXPECT_THAT(error(SharedMemory(8).descriptor()), HasSubstr("only 8 bytes"));
    EXPECT_THAT(error(SharedMemory(8000).descriptor()), HasSubstr("something else"));
}

TEST(SharedArray, IsARangeOfItsElements) {
    SharedArray<int> array(1000);
    EXPECT_EQ(array.size(), 1000u);
    EXPECT_FALSE(array.empty());
    EXPECT_EQ(std::accumulate(array.begin(), array.end(), 0), 0);
    std::iota(array.begin(), array.end(), 0);
    EXPECT_EQ(array[999], 999);
    EXPECT_EQ(array.at(999), 999);
    EXPECT_EQ(array.span().back(), 999);
    try {
        (void)array.at(1000);
        ADD_FAILURE();
    } catch (const std::out_of_range& error) {
        EXPECT_THAT(error.what(), HasSubstr("index 1000 of a shared array of 1000 items"));
    }
}

TEST(SharedArray, IsMadeFromAValueOrARange) {
    const SharedArray<double> filled(3, 2.5);
    EXPECT_THAT(filled, ::testing::ElementsAre(2.5, 2.5, 2.5));
    EXPECT_TRUE(std::signbit(SharedArray<double>(1, -0.0)[0]));
    const SharedArray<int> copied(std::vector<int>{1, 2, 3});
    EXPECT_THAT(copied, ::testing::ElementsAre(1, 2, 3));
    const SharedArray<Point> points(2);
    EXPECT_THAT(points, ::testing::Each(Point()));
    const SharedArray<int> none(0);
    EXPECT_TRUE(none.empty());
    EXPECT_EQ(none.begin(), none.end());
    const volatile std::size_t too_many = static_cast<std::size_t>(-1);
    EXPECT_THROW(SharedArray<double>{too_many}, std::length_error);
}

// Run by the next test, in a program of its own.
TEST(SharedArray, DISABLED_OfAnUnrelatedProgram) {
    const int descriptor = ::open(std::getenv("HOCKET_TEST_ARRAY"), O_RDWR | O_CLOEXEC);
    SharedArray<double> array = SharedArray<double>::from_descriptor(descriptor);
    ::close(descriptor);
    std::scoped_lock guard(array.lock());
    array.at(9) = 2.5;
}

TEST(SharedArray, IsSeenByUnrelatedProgramsWithItsDescriptor) {
    SharedArray<double> array(10);
    const std::string path = "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(array.descriptor());
    ::setenv("HOCKET_TEST_ARRAY", path.c_str(), 1);
    testing::ChildProcess program(testing::ChildProcess::disabled_test("SharedArray.DISABLED_OfAnUnrelatedProgram"));
    ASSERT_TRUE(program.wait_for(std::chrono::seconds(30)));
    EXPECT_EQ(program.status(), 0) << program.output;
    EXPECT_EQ(array[9], 2.5);
    EXPECT_TRUE(array.lock().try_lock());
    array.lock().unlock();
}

TEST(SharedArray, IsSeenByOtherProcesses) {
    SharedArray<double> array(1000);
    ForkedChild child([&] {
        SharedArray<double> sent = testing::there_and_back(array);
        for (double& x : sent) x = 2.5;
    });
    EXPECT_EQ(child.wait(), 0);
    EXPECT_THAT(array, ::testing::Each(2.5));
}

}  // namespace
}  // namespace hocket
