// How what is in shared memory goes to other processes: by its descriptor.
#include <stdexcept>

#include "hocket/process/archive.hpp"
#include "hocket/process/detail/owned_descriptor.hpp"
#include "hocket/process/detail/shared_object.hpp"
#include "hocket/process/shared_condition.hpp"

namespace hocket {

void SharedMemory::save(OutputArchive& archive) const { archive.attach(descriptor_); }

SharedMemory::SharedMemory(InputArchive& archive)
    : SharedMemory(from_descriptor(detail::OwnedDescriptor(archive.take_descriptor()).get())) {}

namespace detail {

void SharedObject::save(OutputArchive& archive) const {
    memory_.save(archive);
    archive.write(static_cast<std::uint64_t>(static_cast<std::byte*>(state_) - memory_.data()));
}

SharedObject::SharedObject(InputArchive& archive, const Kind& kind) : memory_(archive), state_(nullptr) {
    const auto offset = archive.read<std::uint64_t>();
    if (offset == sizeof(SharedHeader) && kind.name) {
        check(kind);
    } else if (offset > memory_.size() || memory_.size() - offset < kind.state_size ||
               offset % alignof(std::max_align_t) != 0) {
        throw std::invalid_argument(
            "hocket: a message holds a part of a shared object that is not in the memory that came with it");
    }
    state_ = memory_.data() + offset;
}

}  // namespace detail

void SharedCondition::save(OutputArchive& archive) const {
    line_.save(archive);
    SharedLocking::save(archive);  // whose memory may be the same
}

SharedCondition::SharedCondition(Line line, InputArchive& archive) : SharedLocking(archive), line_(std::move(line)) {}

}  // namespace hocket
