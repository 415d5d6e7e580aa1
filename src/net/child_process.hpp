// A child process as its tasks share it.
#pragma once
#include <sys/types.h>

#include <optional>

#include "hocket/net/subprocess.hpp"
#include "hocket/sync/lock.hpp"
#include "net/spawn.hpp"

namespace hocket::detail {

class Descriptor;

/// Knows a process from its start until it has been collected. While it has not been, its number cannot become that of
/// another process, so signals reach the right one. One loop.
class ChildProcess {
public:
    ChildProcess(Spawned spawned, bool own_group);
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;
    ~ChildProcess();

    pid_t pid() const noexcept { return pid_; }
    const std::optional<int>& returncode() const noexcept { return returncode_; }
    Stream& pipe(int number);
    void send_signal(int signal);
    /// Kills it unless it has ended, ends the waits for it, and has it collected. Does not wait.
    void abandon() noexcept;

    static Task<int> wait(std::shared_ptr<ChildProcess> self);
    static Task<ProcessOutput> communicate(std::shared_ptr<ChildProcess> self, std::string input, std::size_t limit);
    static Task<int> stop(std::shared_ptr<ChildProcess> self, Duration grace);

private:
    /// Collects it if it has ended.
    void try_collect();
    Task<void> feed(std::string input);
    Task<std::string> drain(int number, std::size_t limit);

    const pid_t pid_;
    const bool own_group_;
    std::optional<int> returncode_;
    bool collected_ = false;
    Lock waiters_;  // held by the one who waits for the pidfd
    Descriptor* pidfd_;
    Stream pipes_[3];
};

}  // namespace hocket::detail
