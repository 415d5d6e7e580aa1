#include "hocket/process/shared_memory.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <system_error>

#include "process/forked_child.hpp"
#include "process/there_and_back.hpp"

namespace hocket {
namespace {

using testing::ForkedChild;
using ::testing::HasSubstr;

std::string maps() {
    std::ifstream file("/proc/self/maps");
    return std::string(std::istreambuf_iterator<char>(file), {});
}

template <class F>
std::string error_of(F f) {
    try {
        f();
    } catch (const std::exception& error) {
        return error.what();
    }
    return "no error";
}

TEST(SharedMemory, IsZeroAndSharedWithOtherProcesses) {
    SharedMemory memory(10'000);
    EXPECT_EQ(memory.size(), 10'000u);
    EXPECT_TRUE(std::ranges::all_of(memory.bytes(), [](std::byte b) { return b == std::byte{0}; }));
    ForkedChild child([&] { memory.data()[9'999] = std::byte{7}; });
    EXPECT_EQ(child.wait(), 0);
    EXPECT_EQ(memory.data()[9'999], std::byte{7});
}

TEST(SharedMemory, ACopyIsTheSameMemoryMappedOnce) {
    std::optional<SharedMemory> memory(std::in_place, 4096, "once-only");
    SharedMemory copy = *memory;
    SharedMemory found = SharedMemory::from_descriptor(memory->descriptor());
    SharedMemory sent = testing::there_and_back(*memory);
    EXPECT_EQ(copy.data(), memory->data());
    EXPECT_EQ(found.data(), memory->data());
    EXPECT_EQ(sent.data(), memory->data());
    EXPECT_EQ(found, *memory);
    EXPECT_FALSE(SharedMemory(4096) == *memory);
    memory.reset();
    copy.data()[0] = std::byte{1};
    EXPECT_EQ(sent.data()[0], std::byte{1});
}

TEST(SharedMemory, IsUnmappedAndClosedWithTheLastHandle) {
    int descriptor = -1;
    {
        SharedMemory memory(4096, "soon-gone");
        const SharedMemory copy = memory;
        descriptor = copy.descriptor();
        EXPECT_THAT(maps(), HasSubstr("soon-gone"));
    }
    EXPECT_THAT(maps(), ::testing::Not(HasSubstr("soon-gone")));
    EXPECT_EQ(::fcntl(descriptor, F_GETFD), -1);
}

TEST(SharedMemory, CannotBeMadeSmallerOrLarger) {
    SharedMemory memory(4096);
    EXPECT_NE(::ftruncate(memory.descriptor(), 0), 0);
    EXPECT_NE(::ftruncate(memory.descriptor(), 1 << 20), 0);
    EXPECT_TRUE(::fcntl(memory.descriptor(), F_GETFD) & FD_CLOEXEC);
}

TEST(SharedMemory, SaysWhatIsWrongWithADescriptor) {
    EXPECT_THROW((void)SharedMemory::from_descriptor(-1), std::system_error);
    const int file = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    EXPECT_THAT(error_of([&] { (void)SharedMemory::from_descriptor(file); }), HasSubstr("is no shared memory"));
    ::close(file);
    const int loose = ::memfd_create("loose", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    EXPECT_THAT(error_of([&] { (void)SharedMemory::from_descriptor(loose); }), HasSubstr("F_SEAL_SHRINK"));
    ASSERT_EQ(::fcntl(loose, F_ADD_SEALS, F_SEAL_SHRINK), 0);
    EXPECT_THAT(error_of([&] { (void)SharedMemory::from_descriptor(loose); }), HasSubstr("no bytes"));
    ASSERT_EQ(::ftruncate(loose, 100), 0);
    EXPECT_EQ(SharedMemory::from_descriptor(loose).size(), 100u);
    ::close(loose);
    EXPECT_THROW(SharedMemory(0), std::invalid_argument);
    EXPECT_THROW(SharedMemory(static_cast<std::size_t>(-1)), std::invalid_argument);
}

}  // namespace
}  // namespace hocket
