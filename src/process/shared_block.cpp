#include "hocket/process/detail/shared_block.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>

namespace hocket::detail {
namespace {

[[noreturn]] void fail(const std::string& what) {
    throw std::system_error(errno, std::generic_category(), "hocket: " + what);
}

std::size_t whole_pages(std::size_t size) {
    constexpr std::size_t kPage = 4096;
    return size <= kPage ? kPage : (size + kPage - 1) / kPage * kPage;
}

void set_size(int descriptor, std::size_t size) {
    while (::ftruncate(descriptor, static_cast<off_t>(size)) != 0) {
        if (errno != EINTR) fail("make " + std::to_string(size) + " bytes of memory to share with other processes");
    }
}

std::size_t size_of(int descriptor) {
    struct stat status {};
    if (::fstat(descriptor, &status) != 0) fail("look at memory shared with other processes");
    return static_cast<std::size_t>(status.st_size);
}

std::byte* map(int descriptor, std::size_t size) {
    void* data = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (data == MAP_FAILED) fail("map " + std::to_string(size) + " bytes of memory shared with other processes");
    return static_cast<std::byte*>(data);
}

}  // namespace

SharedBlock::SharedBlock(const char* name, std::size_t size) : descriptor_(::memfd_create(name, MFD_CLOEXEC)) {
    if (!descriptor_) fail("make memory to share with other processes");
    size = whole_pages(size);
    set_size(descriptor_.get(), size);
    data_ = map(descriptor_.get(), size);
    size_ = size;
}

SharedBlock::SharedBlock(OwnedDescriptor descriptor) : descriptor_(std::move(descriptor)) {
    size_ = size_of(descriptor_.get());
    data_ = map(descriptor_.get(), size_);
}

SharedBlock::~SharedBlock() {
    if (data_) ::munmap(data_, size_);
}

void SharedBlock::grow(std::size_t size) {
    if (size <= size_) return;
    size = whole_pages(size);
    set_size(descriptor_.get(), size);
    map_again(size);
}

void SharedBlock::follow_growth(std::size_t size) {
    if (size > size_) map_again(size_of(descriptor_.get()));
    if (size > size_) {
        throw std::runtime_error("hocket: a message of " + std::to_string(size) + " bytes is in shared memory of " +
                                 std::to_string(size_));
    }
}

void SharedBlock::map_again(std::size_t size) {
    void* data = ::mremap(data_, size_, size, MREMAP_MAYMOVE);
    if (data == MAP_FAILED) fail("map " + std::to_string(size) + " bytes of memory shared with other processes");
    data_ = static_cast<std::byte*>(data);
    size_ = size;
}

void SharedBlock::discard() noexcept {
    if (descriptor_)
        (void)::fallocate(descriptor_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(size_));
}

}  // namespace hocket::detail
