#include "hocket/net/subprocess.hpp"

#include <signal.h>
#include <unistd.h>

#include "hocket/core/detail/queue_awaiter.hpp"
#include "net/child_process.hpp"
#include "net/spawn.hpp"

namespace hocket {

Environment current_environment() {
    Environment environment;
    for (char** variable = environ; variable && *variable; ++variable) {
        const std::string text = *variable;
        const std::size_t end = text.find('=');
        if (end != std::string::npos) environment[text.substr(0, end)] = text.substr(end + 1);
    }
    return environment;
}

Subprocess::Subprocess(const std::vector<std::string>& command, const SubprocessOptions& options)
    : core_(std::make_shared<detail::ChildProcess>(detail::spawn_process(command, options), options.own_group)) {}

Subprocess& Subprocess::operator=(Subprocess&& other) noexcept {
    Subprocess taken(std::move(other));
    std::swap(core_, taken.core_);
    return *this;
}

Subprocess::~Subprocess() {
    if (core_) core_->abandon();
}

const std::shared_ptr<detail::ChildProcess>& Subprocess::core() const {
    if (!core_) throw InvalidStateError("hocket: this Subprocess is empty: moved from, or never started");
    return core_;
}

int Subprocess::pid() const { return core()->pid(); }
std::optional<int> Subprocess::returncode() const noexcept { return core_ ? core_->returncode() : std::nullopt; }
Stream& Subprocess::in() const { return core()->pipe(0); }
Stream& Subprocess::out() const { return core()->pipe(1); }
Stream& Subprocess::err() const { return core()->pipe(2); }

Task<int> Subprocess::wait() { return detail::ChildProcess::wait(core()); }
Task<ProcessOutput> Subprocess::communicate(std::string input, std::size_t limit) {
    return detail::ChildProcess::communicate(core(), std::move(input), limit);
}
Task<int> Subprocess::stop(Duration grace) { return detail::ChildProcess::stop(core(), grace); }

void Subprocess::send_signal(int signal) { core()->send_signal(signal); }
void Subprocess::terminate() { send_signal(SIGTERM); }
void Subprocess::kill() { send_signal(SIGKILL); }

Task<Subprocess> create_subprocess_exec(SubprocessOptions options, std::vector<std::string> command) {
    detail::refuse_if_cancelled();
    co_return Subprocess(command, options);
}

Task<Subprocess> create_subprocess_shell(std::string command, SubprocessOptions options) {
    return create_subprocess_exec(std::move(options), "/bin/sh", "-c", std::move(command));
}

}  // namespace hocket
