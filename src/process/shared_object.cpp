#include "hocket/process/detail/shared_object.hpp"

#include <cstring>
#include <limits>
#include <stdexcept>
#include <utility>

namespace hocket::detail {
namespace {

std::size_t bytes_for(std::size_t state_size, std::size_t item_size, std::size_t count) {
    constexpr std::size_t kMost = std::numeric_limits<std::size_t>::max() / 2;
    if (item_size != 0 && count > (kMost - state_size - sizeof(SharedHeader)) / item_size)
        throw std::length_error("hocket: " + std::to_string(count) + " items are too many for shared memory");
    return sizeof(SharedHeader) + state_size + item_size * count;
}

}  // namespace

SharedObject::SharedObject(const Kind& kind, std::string_view name, std::size_t count)
    : memory_(bytes_for(kind.state_size, kind.item_size, count), kind.name),
      state_(memory_.data() + sizeof(SharedHeader)) {
    SharedHeader& header = this->header();
    std::strncpy(header.kind, kind.name, sizeof header.kind - 1);
    name.copy(header.name, sizeof header.name - 1);
    header.item_size = kind.item_size;
    header.count = count;
}

SharedObject::SharedObject(SharedMemory memory, const Kind& kind)
    : memory_(std::move(memory)), state_(memory_.data() + sizeof(SharedHeader)) {
    check(kind);
}

void SharedObject::check(const Kind& kind) const {
    const auto fail = [&](const std::string& found) {
        throw std::invalid_argument("hocket: descriptor " + std::to_string(memory_.descriptor()) + " is no " +
                                    kind.name + ": its memory holds " + found);
    };
    if (memory_.size() < sizeof(SharedHeader)) fail("only " + std::to_string(memory_.size()) + " bytes");
    const SharedHeader& header = this->header();
    if (std::strncmp(header.kind, kind.name, sizeof header.kind) != 0) {
        const bool ours = std::strncmp(header.kind, "shared ", 7) == 0;
        fail(ours ? "a " + std::string(header.kind, ::strnlen(header.kind, sizeof header.kind)) : "something else");
    }
    if (header.item_size != kind.item_size) {
        fail("items of " + std::to_string(header.item_size) + " bytes where the type here has " +
             std::to_string(kind.item_size) + "; both processes must use the same type");
    }
    if (header.count > memory_.size() ||
        memory_.size() < bytes_for(kind.state_size, kind.item_size, static_cast<std::size_t>(header.count)))
        fail("less than it says");
}

std::string SharedObject::title() const {
    const SharedHeader& header = this->header();
    std::string title(header.kind, ::strnlen(header.kind, sizeof header.kind));
    if (header.name[0] != '\0')
        title += " '" + std::string(header.name, ::strnlen(header.name, sizeof header.name)) + "'";
    return title;
}

}  // namespace hocket::detail
