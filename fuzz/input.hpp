// What a fuzzer was given, taken apart.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace hocket::fuzz {

/// What must hold for every input.
inline void require(bool condition) {
    if (!condition) std::abort();
}

/// Decisions, then bytes that go through what is tested.
class Input {
public:
    Input(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}
    /// The next byte, as a number to decide by; 0 after the last.
    std::size_t draw() {
        if (rest_.empty()) return 0;
        const auto value = static_cast<unsigned char>(rest_.front());
        rest_.remove_prefix(1);
        return value;
    }
    bool empty() const { return rest_.empty(); }
    /// The next `size` bytes, or as many as are left.
    std::string_view take(std::size_t size) {
        const std::string_view taken = rest_.substr(0, size);
        rest_.remove_prefix(taken.size());
        return taken;
    }
    /// Whatever is left.
    std::string_view all() { return take(rest_.size()); }

private:
    std::string_view rest_;
};

}  // namespace hocket::fuzz
