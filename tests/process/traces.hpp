// What processes could leave behind, as /proc tells it.
#pragma once
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "hocket/process/detail/owned_descriptor.hpp"

namespace hocket::testing {

inline std::size_t open_descriptors() {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& each : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
    return count;
}

/// Those that have our names: other programs come and go meanwhile.
inline std::set<std::string> shared_memory_objects() {
    std::set<std::string> found;
    for (const auto& each : std::filesystem::directory_iterator("/dev/shm")) {
        const std::string name = each.path().filename();
        if (name.find("hocket") != std::string::npos) found.insert(name);
    }
    return found;
}

/// State and parent of a process, from /proc/PID/stat; state ' ' if there is none.
struct ProcessEntry {
    char state = ' ';
    int parent = 0;
};
inline ProcessEntry process_entry(int pid) {
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string text((std::istreambuf_iterator<char>(stat)), {});
    const auto end = text.rfind(')');
    ProcessEntry entry;
    if (end == std::string::npos) return entry;
    std::sscanf(text.c_str() + end + 1, " %c %d", &entry.state, &entry.parent);
    return entry;
}

/// The pids of all processes.
inline std::vector<int> all_processes() {
    std::vector<int> pids;
    for (const auto& each : std::filesystem::directory_iterator("/proc")) {
        const std::string name = each.path().filename();
        if (std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isdigit(c); }))
            pids.push_back(std::stoi(name));
    }
    return pids;
}

/// How many of the children of `parent` have ended and were not collected.
inline std::size_t zombies_of(int parent) {
    std::size_t count = 0;
    for (const int pid : all_processes()) {
        const ProcessEntry entry = process_entry(pid);
        count += entry.parent == parent && entry.state == 'Z';
    }
    return count;
}

/// The processes that were started with `assignment` in their environment, and all that they have forked.
inline std::vector<int> processes_with(const std::string& assignment) {
    std::vector<int> found;
    for (const int pid : all_processes()) {
        std::ifstream file("/proc/" + std::to_string(pid) + "/environ");
        for (std::string one; std::getline(file, one, '\0');) {
            if (one == assignment) found.push_back(pid);
        }
    }
    return found;
}

/// A process that is somebody else's child, to be waited for.
class Witness {
public:
    explicit Witness(int pid) : pidfd_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {}
    /// Whether it ends within ten seconds, or had ended before this was made.
    bool sees_end() const {
        if (!pidfd_) return true;
        pollfd polled{pidfd_.get(), POLLIN, 0};
        return ::poll(&polled, 1, 10'000) == 1;
    }

private:
    detail::OwnedDescriptor pidfd_;
};

}  // namespace hocket::testing
