#include "hocket/process/shared_memory.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <limits>
#include <map>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "hocket/process/detail/owned_descriptor.hpp"

namespace hocket {
namespace {

[[noreturn]] void throw_errno(const std::string& attempted) {
    throw std::system_error(errno, std::generic_category(), "hocket: " + attempted);
}

}  // namespace

class SharedMemory::Mapping {
public:
    // What is behind a descriptor, as long as it exists.
    using Identity = std::pair<dev_t, ino_t>;

    Mapping(detail::OwnedDescriptor descriptor, std::size_t size, Identity identity)
        : descriptor_(std::move(descriptor)), size_(size), identity_(identity) {
        void* const address = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_.get(), 0);
        if (address == MAP_FAILED) throw_errno("map " + std::to_string(size) + " bytes of shared memory");
        address_ = static_cast<std::byte*>(address);
    }
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    ~Mapping() {
        {
            std::scoped_lock guard(mutex());
            const auto known = all().find(identity_);
            if (known != all().end() && known->second.expired()) all().erase(known);
        }
        ::munmap(address_, size_);
    }

    // That of `descriptor`, which is either kept or closed.
    static std::shared_ptr<const Mapping> of(detail::OwnedDescriptor descriptor) {
        struct stat status;
        if (::fstat(descriptor.get(), &status) != 0) throw_errno("look at a descriptor of shared memory");
        const Identity identity(status.st_dev, status.st_ino);
        std::shared_ptr<const Mapping> mapping;
        std::scoped_lock guard(mutex());
        std::weak_ptr<const Mapping>& known = all()[identity];
        mapping = known.lock();
        if (!mapping) {
            mapping = std::make_shared<const Mapping>(std::move(descriptor), static_cast<std::size_t>(status.st_size),
                                                      identity);
            known = mapping;
        }
        return mapping;
    }

    std::byte* address() const noexcept { return address_; }
    std::size_t size() const noexcept { return size_; }
    int descriptor() const noexcept { return descriptor_.get(); }

private:
    // Never destroyed: handles may be static.
    static std::mutex& mutex() {
        static std::mutex& mutex = *new std::mutex;
        return mutex;
    }
    static std::map<Identity, std::weak_ptr<const Mapping>>& all() {
        static auto& all = *new std::map<Identity, std::weak_ptr<const Mapping>>;
        return all;
    }
    detail::OwnedDescriptor descriptor_;
    std::size_t size_;
    Identity identity_;
    std::byte* address_ = nullptr;
};

SharedMemory::SharedMemory(std::shared_ptr<const Mapping> mapping) noexcept
    : mapping_(std::move(mapping)),
      data_(mapping_->address()),
      size_(mapping_->size()),
      descriptor_(mapping_->descriptor()) {}

SharedMemory::SharedMemory(std::size_t size, std::string_view name)
    : SharedMemory([&] {
          if (size == 0) throw std::invalid_argument("hocket: shared memory of no bytes cannot be mapped; ask for one");
          if (size > static_cast<std::size_t>(std::numeric_limits<off_t>::max()))
              throw std::invalid_argument("hocket: " + std::to_string(size) + " bytes of shared memory are too many");
          detail::OwnedDescriptor descriptor(
              ::memfd_create(std::string(name).c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
          if (descriptor.get() < 0) throw_errno("make shared memory");
          if (::ftruncate(descriptor.get(), static_cast<off_t>(size)) != 0)
              throw_errno("make " + std::to_string(size) + " bytes of shared memory");
          if (::fcntl(descriptor.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
              throw_errno("seal shared memory");
          return Mapping::of(std::move(descriptor));
      }()) {}

SharedMemory SharedMemory::from_descriptor(int descriptor) {
    const std::string which = "descriptor " + std::to_string(descriptor);
    const int seals = ::fcntl(descriptor, F_GET_SEALS);
    if (seals < 0 && errno == EBADF) throw_errno(which + " of shared memory");
    if (seals < 0) {
        throw std::invalid_argument("hocket: " + which +
                                    " is no shared memory; it must be that of a SharedMemory or of another memfd");
    }
    if ((seals & F_SEAL_SHRINK) == 0) {
        throw std::invalid_argument("hocket: " + which +
                                    " is memory that another process could make smaller while it is used here; seal "
                                    "it with F_SEAL_SHRINK first");
    }
    detail::OwnedDescriptor kept(::fcntl(descriptor, F_DUPFD_CLOEXEC, 3));
    if (kept.get() < 0) throw_errno("copy " + which + " of shared memory");
    struct stat status;
    if (::fstat(kept.get(), &status) != 0) throw_errno("look at " + which);
    if (status.st_size == 0) throw std::invalid_argument("hocket: " + which + " is shared memory of no bytes");
    return SharedMemory(Mapping::of(std::move(kept)));
}

}  // namespace hocket
