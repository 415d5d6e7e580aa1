// The program's side of its helper.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "hocket/process/detail/process_setup.hpp"
#include "hocket/process/detail/process_state.hpp"
#include "process/helper.hpp"
#include "process/helper_protocol.hpp"

namespace hocket::detail {

/// Asks the helper for processes, and hears of their ends. One for each process; any thread.
///
/// A thread of its own, which is started with the first process, reads what the helper says. At the end of the program
/// helper is told, which kills what is left, and is waited for, unless it may go on for a process that the program has
/// forked.
class HelperClient {
public:
    /// Forks the helper. By init().
    static void begin(const ProgramStart& start);
    /// Whether there is a helper that this process can reach. That of a process that was forked into a daemon is lost
    /// with its descriptors.
    static bool begun() noexcept;
    /// In a process that the helper has forked: `socket` leads to it.
    static void begin_in_child(OwnedDescriptor socket);
    /// Throws InvalidStateError before init(), with `what` the program wanted to do.
    static HelperClient& get(const char* what);

    HelperClient() = default;
    HelperClient(const HelperClient&) = delete;
    HelperClient& operator=(const HelperClient&) = delete;
    ~HelperClient();

    /// Starts a process and waits until it has been: some hundred microseconds. Throws std::system_error.
    std::shared_ptr<ProcessState> spawn(ProcessSetup setup, std::weak_ptr<ProcessState::Listener> listener);

private:
    using Processes = std::map<std::uint64_t, std::shared_ptr<ProcessState>>;
    struct Started {
        std::shared_ptr<ProcessState> process;
        bool answered = false;
        int error = 0;
        Processes entry;  // its own, for the reader, which can then not fail for want of memory
    };
    void start_reader();
    void read_replies() noexcept;
    void leave() noexcept;
    void take(const SpawnReply& reply, std::vector<OwnedDescriptor>& descriptors) noexcept;
    void helper_is_gone() noexcept;
    void set_socket(OwnedDescriptor socket);
    bool reaches_helper() const noexcept;
    static void adopt_after_fork();

    std::mutex mutex_;
    std::condition_variable answered_;
    OwnedDescriptor socket_;
    std::uint64_t socket_inode_ = 0;  // whether the descriptor is still this socket
    pid_t helper_ = 0;                // to be waited for; 0 in a process that it has started
    pid_t owner_ = 0;                 // the process that this belongs to
    bool gone_ = false;
    std::uint64_t next_id_ = 1;
    std::map<std::uint64_t, Started*> starting_;
    Processes processes_;
    std::thread reader_;
    std::unique_ptr<HelperClient> forked_from_;  // the copy of the parent's, in a process that somebody has forked
};

}  // namespace hocket::detail
