// SharedObject: what the handles of everything that lives in shared memory have in common.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "hocket/process/shared_memory.hpp"

namespace hocket {
class InputArchive;
class OutputArchive;
}  // namespace hocket

namespace hocket::detail {

/// What an object is, at the beginning of its memory, so that a descriptor of something else is not taken for it.
struct SharedHeader {
    char kind[24];
    char name[24];
    std::uint64_t item_size;
    std::uint64_t count;
};
static_assert(sizeof(SharedHeader) == 64);

/// A handle to an object whose state is in shared memory, behind a SharedHeader. Copies refer to the same object.
class SharedObject {
public:
    /// The descriptor by which another process gets at the object: from_descriptor(). Valid as long as a handle is.
    int descriptor() const noexcept { return memory_.descriptor(); }
    /// Makes the object part of a message to another process.
    void save(OutputArchive& archive) const;
    /// Whether both are the same object.
    friend bool operator==(const SharedObject& a, const SharedObject& b) noexcept { return a.state_ == b.state_; }

protected:
    /// What a type of object is: its name, the size of its state, and that of one of its items, if it has any.
    struct Kind {
        const char* name;
        std::size_t state_size;
        std::size_t item_size = 0;
    };
    /// A new one, all zeros, with `count` items, `name` cut off after 23 bytes.
    SharedObject(const Kind& kind, std::string_view name, std::size_t count = 0);
    /// That which is in `memory`. Throws std::invalid_argument if it is none of this kind.
    SharedObject(SharedMemory memory, const Kind& kind);
    /// That which was sent by save(), be it one of this kind (not checked without a name) or a part of another.
    SharedObject(InputArchive& archive, const Kind& kind);
    /// The part at `state` of another object.
    SharedObject(const SharedObject& whole, void* state) noexcept : memory_(whole.memory_), state_(state) {}
    ~SharedObject() = default;
    SharedObject(const SharedObject&) = default;
    SharedObject(SharedObject&&) = default;
    SharedObject& operator=(const SharedObject&) = default;
    SharedObject& operator=(SharedObject&&) = default;

    const SharedMemory& memory() const noexcept { return memory_; }
    SharedHeader& header() const noexcept { return *reinterpret_cast<SharedHeader*>(memory_.data()); }
    template <class State>
    State& state() const noexcept {
        return *static_cast<State*>(state_);
    }
    /// How a message calls it: "shared lock 'jobs'".
    std::string title() const;

private:
    void check(const Kind& kind) const;
    SharedMemory memory_;
    void* state_;
};

}  // namespace hocket::detail
