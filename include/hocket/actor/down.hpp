// How actors end, and how others are told.
#pragma once
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

namespace hocket {

/// How an actor has ended.
enum class ExitKind : std::uint8_t {
    finished,  ///< run() returned, or was closed and has read everything
    stopped,   ///< by stop(), or with its event loop
    failed,    ///< by an exception, or because an actor that it is linked to did not finish
};
std::string_view to_string(ExitKind kind) noexcept;

/// The message by which an actor learns of the end of another that it monitors, or is linked to and traps exits.
class Down {
public:
    Down() = default;
    /// The one that ended.
    std::uint64_t actor = 0;
    std::string name;
    ExitKind kind = ExitKind::finished;
    /// What it ended with; null unless it failed.
    std::exception_ptr error;
    /// What it is told in words: the error, or the reason given to stop().
    std::string reason;
    /// What monitor() returned; 0 for a link.
    std::uint64_t monitor = 0;
};

}  // namespace hocket
