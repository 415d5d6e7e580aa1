#include "hocket/process/detail/shared_data.hpp"

#include <algorithm>
#include <stdexcept>

namespace hocket::detail {
namespace {

constexpr std::size_t kLine = 64;
constexpr std::size_t kLargestAlignment = 4096;  // a page: memory that is mapped begins at one

std::size_t state_size(std::size_t alignment) noexcept {
    // The items begin on a cache line of their own, not on that of the lock.
    const std::size_t end_of_state = sizeof(SharedHeader) + sizeof(LockState);
    const std::size_t unit = std::max(kLine, alignment);
    return (end_of_state + unit - 1) / unit * unit - sizeof(SharedHeader);
}

}  // namespace

SharedObject::Kind SharedData::kind(std::size_t item_size, std::size_t alignment) {
    if (alignment > kLargestAlignment)
        throw std::invalid_argument("hocket: shared memory is aligned to pages of 4096 bytes, not to more");
    return {"shared data", state_size(alignment), item_size};
}

void* SharedData::find_items(std::size_t alignment) const noexcept {
    return memory().data() + sizeof(SharedHeader) + state_size(alignment);
}

SharedData::SharedData(std::size_t item_size, std::size_t alignment, std::size_t count, std::string_view name)
    : SharedObject(kind(item_size, alignment), name, count),
      lock_(*this, state<LockState>()),
      items_(find_items(alignment)) {}

SharedData::SharedData(SharedMemory memory, std::size_t item_size, std::size_t alignment)
    : SharedObject(std::move(memory), kind(item_size, alignment)),
      lock_(*this, state<LockState>()),
      items_(find_items(alignment)) {}

SharedData::SharedData(InputArchive& archive, std::size_t item_size, std::size_t alignment)
    : SharedObject(archive, kind(item_size, alignment)),
      lock_(*this, state<LockState>()),
      items_(find_items(alignment)) {}

void SharedData::throw_out_of_range(std::size_t index) const {
    throw std::out_of_range("hocket: index " + std::to_string(index) + " of a shared array of " +
                            std::to_string(count()) + (count() == 1 ? " item" : " items"));
}

}  // namespace hocket::detail
