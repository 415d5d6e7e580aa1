// How a daemon that starts talks to the process that started it.
#pragma once
#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>

#include "hocket/core/clock.hpp"
#include "net/fd_guard.hpp"

namespace hocket::detail {

/// What is told. Except for `pid`, each ends the start.
class StartMessage {
public:
    enum class Kind : char { pid = 'p', ready = 'r', already_running = 'a', failed = 'f', exited = 'x', killed = 'k' };
    StartMessage(Kind kind, int number, std::string text = {}) : kind(kind), number(number), text(std::move(text)) {}
    Kind kind;
    int number;        ///< a pid, an exit status, a signal
    std::string text;  ///< why it failed
};

/// One end of a socket pair. The daemon and the process between it and the starter share the other one.
class StartChannel {
public:
    StartChannel() = default;
    /// The starter's end and theirs. Throws std::system_error.
    static std::pair<StartChannel, StartChannel> open();

    int fd() const noexcept { return fd_.get(); }
    bool is_open() const noexcept { return fd_.get() >= 0; }
    void close() noexcept { fd_.close(); }

    /// That the other end has gone is no error: who has started us need not stay to see.
    void send(const StartMessage& message) const noexcept;
    /// Nothing if the other end has gone without a word. Throws TimeoutError, std::system_error.
    std::optional<StartMessage> receive(TimePoint deadline) const;

private:
    explicit StartChannel(int fd) : fd_(fd) {}
    FdGuard fd_;
};

}  // namespace hocket::detail
