#include "process_id.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string_view>

namespace hocket::detail {
namespace {

struct Stat {
    bool readable = false;
    char state = '?';
    std::uint64_t started_at = 0;
};

// The fields 3 and 22 of /proc/<id>/stat, proc(5). No allocation: it is read with locks held.
Stat read_stat(std::uint32_t id) noexcept {
    Stat stat;
    char path[32];
    std::snprintf(path, sizeof path, "/proc/%u/stat", id);
    const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return stat;
    char buffer[1024];
    const ssize_t size = ::read(fd, buffer, sizeof buffer);
    ::close(fd);
    if (size <= 0) return stat;
    std::string_view text(buffer, static_cast<std::size_t>(size));
    // The program's name, in parentheses, may contain anything.
    const std::size_t name_end = text.rfind(')');
    if (name_end == std::string_view::npos || text.size() < name_end + 3) return stat;
    text.remove_prefix(name_end + 2);
    stat.state = text[0];
    for (int field = 3; field < 22; ++field) {
        const std::size_t space = text.find(' ');
        if (space == std::string_view::npos) return stat;
        text.remove_prefix(space + 1);
    }
    stat.readable = std::from_chars(text.data(), text.data() + text.size(), stat.started_at).ec == std::errc();
    return stat;
}

std::atomic<std::uint32_t> process_id{0};
std::atomic<std::uint64_t> process_started_at{0};

}  // namespace

std::uint32_t current_process_id() noexcept {
    std::uint32_t id = process_id.load(std::memory_order_relaxed);
    if (id == 0) [[unlikely]] {
        static const int registered = ::pthread_atfork(nullptr, nullptr, [] {
            process_id.store(0, std::memory_order_relaxed);
            process_started_at.store(0, std::memory_order_relaxed);
        });
        (void)registered;
        id = static_cast<std::uint32_t>(::getpid());
        process_id.store(id, std::memory_order_relaxed);
    }
    return id;
}

ProcessIdentity current_process() noexcept {
    const std::uint32_t id = current_process_id();
    std::uint64_t started_at = process_started_at.load(std::memory_order_relaxed);
    if (started_at == 0) {
        started_at = read_stat(id).started_at;
        process_started_at.store(started_at, std::memory_order_relaxed);
    }
    return {id, started_at};
}

bool has_ended(const ProcessIdentity& process) noexcept {
    if (::kill(static_cast<pid_t>(process.id), 0) != 0 && errno == ESRCH) return true;
    const Stat stat = read_stat(process.id);
    if (!stat.readable) return false;
    return stat.state == 'Z' || stat.state == 'X' || (process.started_at != 0 && stat.started_at != process.started_at);
}

}  // namespace hocket::detail
