#include "net/spawn.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "net/throw_errno.hpp"

namespace hocket::detail {
namespace {

[[noreturn]] void throw_error(int error, const std::string& what) {
    throw std::system_error(error, std::generic_category(), what);
}

class FileActions {
public:
    FileActions() { check(::posix_spawn_file_actions_init(&actions_)); }
    FileActions(const FileActions&) = delete;
    FileActions& operator=(const FileActions&) = delete;
    ~FileActions() { ::posix_spawn_file_actions_destroy(&actions_); }
    void duplicate(int from, int to) { check(::posix_spawn_file_actions_adddup2(&actions_, from, to)); }
    void close_from(int first) { check(::posix_spawn_file_actions_addclosefrom_np(&actions_, first)); }
    void change_folder(const std::filesystem::path& folder) {
        check(::posix_spawn_file_actions_addchdir_np(&actions_, folder.c_str()));
    }
    const posix_spawn_file_actions_t* get() const noexcept { return &actions_; }

private:
    static void check(int error) {
        if (error != 0) throw_error(error, "hocket: prepare to start a process");
    }
    posix_spawn_file_actions_t actions_;
};

class Attributes {
public:
    explicit Attributes(bool own_group) {
        ::posix_spawnattr_init(&attributes_);
        sigset_t none, as_usual;
        sigemptyset(&none);
        sigemptyset(&as_usual);
        sigaddset(&as_usual, SIGPIPE);
        ::posix_spawnattr_setsigmask(&attributes_, &none);
        ::posix_spawnattr_setsigdefault(&attributes_, &as_usual);
        ::posix_spawnattr_setpgroup(&attributes_, 0);
        const int flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | (own_group ? POSIX_SPAWN_SETPGROUP : 0);
        ::posix_spawnattr_setflags(&attributes_, static_cast<short>(flags));
    }
    Attributes(const Attributes&) = delete;
    Attributes& operator=(const Attributes&) = delete;
    ~Attributes() { ::posix_spawnattr_destroy(&attributes_); }
    const posix_spawnattr_t* get() const noexcept { return &attributes_; }

private:
    posix_spawnattr_t attributes_;
};

// Strings as exec wants them.
class Strings {
public:
    explicit Strings(std::vector<std::string> strings) : strings_(std::move(strings)) {
        for (std::string& string : strings_) {
            if (string.find('\0') != std::string::npos)
                throw std::invalid_argument("hocket: a NUL byte in an argument or variable of a process to be started");
            pointers_.push_back(string.data());
        }
        pointers_.push_back(nullptr);
    }
    char* const* get() const noexcept { return pointers_.data(); }

private:
    std::vector<std::string> strings_;
    std::vector<char*> pointers_;
};

std::vector<std::string> variables(const SubprocessOptions& options) {
    std::vector<std::string> result;
    if (!options.environment) {
        for (char** variable = environ; variable && *variable; ++variable) result.emplace_back(*variable);
        return result;
    }
    for (const auto& [name, value] : *options.environment) result.push_back(name + "=" + value);
    return result;
}

// Out of the way of the numbers that the child's standard streams get, which may be free in us.
FdGuard moved_up(FdGuard fd) {
    if (fd.get() < 0 || fd.get() > 2) return fd;
    FdGuard moved(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3));
    if (moved.get() < 0) throw_errno("hocket: prepare to start a process");
    return moved;
}

FdGuard open_file(const std::filesystem::path& path, int flags) {
    FdGuard fd(::open(path.c_str(), flags | O_CLOEXEC, 0666));
    if (fd.get() < 0) throw_error(errno, "hocket: open " + path.string() + " for a process to be started");
    return moved_up(std::move(fd));
}

// What becomes the child's descriptor `number`; empty: as ours. Our end of a pipe goes to `ours`.
FdGuard open_for_child(const Redirect& redirect, int number, FdGuard& ours) {
    const bool input = number == 0;
    switch (redirect.kind()) {
        case Redirect::Kind::pipe: {
            int fds[2];
            if (::pipe2(fds, O_CLOEXEC) < 0) throw_errno("hocket: open a pipe to a process");
            FdGuard reading(fds[0]);
            FdGuard writing(fds[1]);
            reading = moved_up(std::move(reading));
            writing = moved_up(std::move(writing));
            ours = std::move(input ? writing : reading);
            if (::fcntl(ours.get(), F_SETFL, O_NONBLOCK) < 0) throw_errno("hocket: open a pipe to a process");
            return std::move(input ? reading : writing);
        }
        case Redirect::Kind::null:
            return open_file("/dev/null", O_RDWR);
        case Redirect::Kind::file:
            return open_file(redirect.path(), input ? O_RDONLY : O_WRONLY | O_CREAT | O_TRUNC);
        case Redirect::Kind::append:
            return open_file(redirect.path(), input ? O_RDONLY : O_WRONLY | O_CREAT | O_APPEND);
        case Redirect::Kind::descriptor: {
            FdGuard copy(::fcntl(redirect.fd(), F_DUPFD_CLOEXEC, 3));
            if (copy.get() < 0) throw_errno("hocket: hand a descriptor to a process");
            return copy;
        }
        default:
            return FdGuard();
    }
}

}  // namespace

Spawned spawn_process(const std::vector<std::string>& command, const SubprocessOptions& options) {
    if (command.empty() || command.front().empty())
        throw std::invalid_argument("hocket: a process needs the name of a program");
    if (options.in.kind() == Redirect::Kind::to_output || options.out.kind() == Redirect::Kind::to_output)
        throw std::invalid_argument("hocket: Redirect::to_output() is for the standard error of a process only");
    Spawned spawned;
    FdGuard theirs[3];
    FileActions actions;
    const Redirect* const redirects[3] = {&options.in, &options.out, &options.err};
    for (int number = 0; number < 3; ++number) {
        theirs[number] = open_for_child(*redirects[number], number, spawned.pipes[number]);
        if (theirs[number].get() >= 0) actions.duplicate(theirs[number].get(), number);
    }
    if (options.err.kind() == Redirect::Kind::to_output) actions.duplicate(1, 2);
    if (!options.folder.empty()) actions.change_folder(options.folder);
    actions.close_from(3);
    const Strings arguments(command);
    const Strings environment(variables(options));
    const Attributes attributes(options.own_group);
    const int error = ::posix_spawnp(&spawned.pid, command.front().c_str(), actions.get(), attributes.get(),
                                     arguments.get(), environment.get());
    if (error != 0) {
        const std::string in = options.folder.empty() ? std::string() : " in " + options.folder.string();
        throw_error(error, "hocket: start the program " + command.front() + in);
    }
    spawned.pidfd = FdGuard(static_cast<int>(::syscall(SYS_pidfd_open, spawned.pid, 0)));
    if (spawned.pidfd.get() < 0) {
        const int failure = errno;
        ::kill(spawned.pid, SIGKILL);
        ::waitpid(spawned.pid, nullptr, 0);
        throw_error(failure, "hocket: watch the process of " + command.front());
    }
    return spawned;
}

}  // namespace hocket::detail
