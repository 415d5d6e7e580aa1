// Subprocess: another program, with its standard streams as Streams.
#pragma once
#include <chrono>
#include <concepts>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hocket/core/clock.hpp"
#include "hocket/net/redirect.hpp"
#include "hocket/net/stream.hpp"

namespace hocket {
namespace detail {
class ChildProcess;
}

using Environment = std::map<std::string, std::string>;
/// The variables of this process.
Environment current_environment();

/// How a Subprocess is started.
class SubprocessOptions {
public:
    SubprocessOptions() = default;
    Redirect in = Redirect::inherit();
    Redirect out = Redirect::inherit();
    Redirect err = Redirect::inherit();
    /// All of its variables; unset: ours. The program is searched in our PATH in either case.
    std::optional<Environment> environment;
    /// Its working folder; empty: ours.
    std::filesystem::path folder;
    /// Puts it into a process group of its own, to which all signals sent here go: to what it starts, too. Ctrl-C at
    /// the terminal does not reach it then.
    bool own_group = false;
};

/// What communicate() gives.
class ProcessOutput {
public:
    ProcessOutput() = default;
    std::string out;  ///< "" if standard output is no pipe
    std::string err;
    int returncode = 0;
};

/// A running or ended program. Move-only; belongs to the loop on which it was started. It has the descriptors 0, 1 and
/// 2 and no other of ours, no signal blocked, and SIGPIPE as usual.
///
/// Shutdown: the destructor kills the process if it has not ended, and does not wait for that: it is collected as soon
/// as it has, so no zombie stays.
class Subprocess {
public:
    /// No process.
    Subprocess() noexcept = default;
    /// Starts `command[0]` (searched in PATH if it has no slash) with the other strings as its arguments. Throws
    /// std::system_error, with ENOENT when there is no such program, std::invalid_argument for an empty command.
    explicit Subprocess(const std::vector<std::string>& command,
                        const SubprocessOptions& options = SubprocessOptions());
    Subprocess(Subprocess&&) noexcept = default;
    Subprocess& operator=(Subprocess&& other) noexcept;
    ~Subprocess();

    int pid() const;
    /// How it ended, if wait() or another has seen that: its exit status, or -N if the signal N has ended it.
    std::optional<int> returncode() const noexcept;

    /// The other ends of its standard streams. Throw InvalidStateError if they are no pipes.
    Stream& in() const;
    Stream& out() const;
    Stream& err() const;

    /// Waits until it has ended, and gives the returncode. Any number of tasks may wait. Cancellation leaves it
    /// running.
    Task<int> wait();
    /// Writes `input` to its standard input and closes that, reads what it writes to pipes, `limit` bytes each at most
    /// (LimitOverrunError), all at the same time, and waits for its end. That it does not read everything is no error;
    /// input for one whose standard input is no open pipe is (InvalidStateError).
    /// Cancellation leaves it running; what was read is lost.
    Task<ProcessOutput> communicate(std::string input = {}, std::size_t limit = Stream::kAllLimit);

    /// Sends a signal; does nothing when it has ended. Throws std::system_error.
    void send_signal(int signal);
    /// Asks it to end: SIGTERM.
    void terminate();
    /// Ends it: SIGKILL.
    void kill();
    /// terminate(); if it has not ended after `grace`, kill(). Gives the returncode. Cancellation ends the grace, waits
    /// for the end of the process and is thrown then.
    Task<int> stop(Duration grace = std::chrono::seconds(5));

private:
    const std::shared_ptr<detail::ChildProcess>& core() const;
    std::shared_ptr<detail::ChildProcess> core_;
};

/// Starts a program, `Subprocess` with a name like Python's: `co_await create_subprocess_exec("ls", "-l")`. Throws
/// std::system_error if it cannot be started. Cancellation: a task that is cancelled already starts none.
Task<Subprocess> create_subprocess_exec(SubprocessOptions options, std::vector<std::string> command);
template <std::convertible_to<std::string>... Arguments>
Task<Subprocess> create_subprocess_exec(SubprocessOptions options, std::string program, Arguments... arguments) {
    std::vector<std::string> command{std::move(program), std::string(std::move(arguments))...};
    return create_subprocess_exec(std::move(options), std::move(command));
}
template <std::convertible_to<std::string>... Arguments>
Task<Subprocess> create_subprocess_exec(std::string program, Arguments... arguments) {
    return create_subprocess_exec(SubprocessOptions(), std::move(program), std::move(arguments)...);
}
/// Has /bin/sh run `command`. Never put into it what came from elsewhere: that is what the arguments of
/// create_subprocess_exec() are for. Signals go to the shell, not to what it runs; begin a single command with "exec "
/// to have it take the shell's place.
Task<Subprocess> create_subprocess_shell(std::string command, SubprocessOptions options = SubprocessOptions());

}  // namespace hocket
