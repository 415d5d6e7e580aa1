#include "process/helper_client.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <iostream>
#include <system_error>
#include <vector>

#include "hocket/core/errors.hpp"
#include "hocket/core/report.hpp"
#include "process/block_signals.hpp"
#include "process/unix_message.hpp"

namespace hocket::detail {
namespace {

std::unique_ptr<HelperClient> the_client;  // destroyed at the end of the program; set by init() and after fork only

// Since init(): there may be a process that holds the socket, so that the helper does not end with this one.
std::atomic<bool> has_forked{false};

// The only way to know it without changing it.
mode_t current_umask() noexcept {
    const OwnedDescriptor status(::open("/proc/self/status", O_RDONLY | O_CLOEXEC));
    char text[512];
    const ssize_t size = status ? ::read(status.get(), text, sizeof text - 1) : 0;
    text[std::max<ssize_t>(size, 0)] = '\0';
    const char* found = std::strstr(text, "Umask:");
    return found ? static_cast<mode_t>(std::strtoul(found + 6, nullptr, 8)) : 022;
}

// By which the helper sees this process end. None where the system has none to give: then the socket's end tells.
OwnedDescriptor own_pidfd() noexcept {
    return OwnedDescriptor(static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0)));
}

// When a message that could not be received for want of memory is tried again; it is not lost.
constexpr auto kTryAgain = std::chrono::milliseconds(10);

// One message and its descriptors, from a setup.
class RequestMessage {
public:
    explicit RequestMessage(ProcessSetup& setup) : setup_(setup) {
        request_.entry = setup.entry;
        request_.ignores_interrupt = setup.ignores_interrupt;
        request_.processor = setup.processor;
        request_.umask = current_umask();
        ::getresuid(&request_.uids[0], &request_.uids[1], &request_.uids[2]);
        ::getresgid(&request_.gids[0], &request_.gids[1], &request_.gids[2]);
        groups_.resize(static_cast<std::size_t>(std::max(0, ::getgroups(0, nullptr))));
        const int count = groups_.empty() ? 0 : ::getgroups(static_cast<int>(groups_.size()), groups_.data());
        groups_.resize(static_cast<std::size_t>(std::max(0, count)));
        request_.group_count = static_cast<std::uint32_t>(groups_.size());
        request_.name_size = static_cast<std::uint32_t>(setup.name.size());
        request_.payload_size = setup.payload.size();
        request_.payload_in_block = setup.payload.in_block();

        folder_ = OwnedDescriptor(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (!folder_)
            throw std::system_error(errno, std::generic_category(), "hocket: open the working folder for a process");
        descriptors_.push_back(folder_.get());
        for (int stream = 0; stream < 3; ++stream) {
            if (::fcntl(stream, F_GETFD) < 0) continue;
            request_.open_streams |= 1u << stream;
            descriptors_.push_back(stream);
        }
        if (setup.payload.in_block()) descriptors_.push_back(setup.payload.block().descriptor());
        for (const OwnedDescriptor& own : setup.payload.descriptors()) descriptors_.push_back(own.get());
    }
    Sent send(int socket, std::uint64_t id) {
        request_.id = id;
        const std::array<std::span<const std::byte>, 4> parts{
            std::as_bytes(std::span(&request_, 1)), std::as_bytes(std::span(setup_.name)),
            std::as_bytes(std::span(groups_)),
            setup_.payload.in_block() ? std::span<const std::byte>() : setup_.payload.bytes()};
        return send_parts(socket, parts, descriptors_);
    }

private:
    ProcessSetup& setup_;
    SpawnRequest request_;
    std::vector<gid_t> groups_;
    OwnedDescriptor folder_;
    std::vector<int> descriptors_;
};

}  // namespace

void HelperClient::begin(const ProgramStart& start) {
    auto [own, helpers] = socket_pair();
    OwnedDescriptor program = own_pidfd();
    auto client = std::make_unique<HelperClient>();
    std::cout.flush();
    std::fflush(nullptr);  // or what is in the buffers would be written by each process
    static const int registered = ::pthread_atfork(
        nullptr, [] { has_forked = true; }, nullptr);
    (void)registered;
    const pid_t pid = ::fork();
    has_forked = false;
    if (pid < 0)
        throw std::system_error(errno, std::generic_category(), "hocket: init() cannot start its helper process");
    if (pid == 0) {
        own = OwnedDescriptor();
        run_helper(std::move(helpers), std::move(program), start);
    }
    client->set_socket(std::move(own));
    client->helper_ = pid;
    client->owner_ = ::getpid();
    if (the_client) the_client->socket_.release();  // not this process' any more: begun()
    the_client = std::move(client);
}

bool HelperClient::begun() noexcept { return the_client && the_client->reaches_helper(); }

void HelperClient::set_socket(OwnedDescriptor socket) {
    struct stat file {};
    if (::fstat(socket.get(), &file) < 0)
        throw std::system_error(errno, std::generic_category(), "hocket: look at the socket to the helper process");
    socket_ = std::move(socket);
    socket_inode_ = file.st_ino;
}

bool HelperClient::reaches_helper() const noexcept {
    struct stat file {};
    return owner_ == ::getpid() || (::fstat(socket_.get(), &file) == 0 && file.st_ino == socket_inode_);
}

void HelperClient::begin_in_child(OwnedDescriptor socket) {
    the_client = std::make_unique<HelperClient>();
    the_client->set_socket(std::move(socket));
    the_client->owner_ = ::getpid();
}

HelperClient& HelperClient::get(const char* what) {
    // In a process that was forked while another thread was here it would stay locked: for a few instructions only.
    static std::mutex adopting;
    const std::scoped_lock guard(adopting);
    if (!the_client) {
        throw InvalidStateError(
            "hocket: the program cannot " + std::string(what) +
            " before hocket::init(argc, argv), which starts the helper that other processes come from: "
            "call it in the first line of main()");
    }
    if (the_client->owner_ != ::getpid()) adopt_after_fork();
    return *the_client;
}

HelperClient::~HelperClient() {
    if (owner_ != ::getpid()) {
        // A copy in a process that somebody has forked: the thread and the helper belong to another.
        if (reader_.joinable()) reader_.detach();
        return;
    }
    if (reader_.joinable()) {
        leave();
        reader_.join();
    }
    socket_ = OwnedDescriptor();
    while (helper_ > 0 && !has_forked && ::waitpid(helper_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

// The socket is not only closed, since a process that was forked from this one may hold it, nor shut down, since that
// one may need it.
void HelperClient::leave() noexcept {
    SpawnRequest request;
    request.verb = HelperVerb::leave;
    try {
        (void)send_message(socket_.get(), request);
    } catch (const std::exception&) {
        ::shutdown(socket_.get(), SHUT_RDWR);
    }
}

// In a process that the program itself has forked the reader does not exist, the socket is its parent's, and the lock
// as some thread of the parent had it: the copy is left alone.
void HelperClient::adopt_after_fork() {
    if (!the_client->reaches_helper()) {
        throw InvalidStateError(
            "hocket: the program cannot start processes: what led to the helper of init() was closed when this process "
            "was forked, as daemonize() does; call hocket::init(argc, argv) again, in DaemonOptions::prepare");
    }
    auto [own, helpers] = socket_pair();
    auto client = std::make_unique<HelperClient>();
    client->set_socket(std::move(own));
    client->owner_ = ::getpid();
    SpawnRequest request;
    request.verb = HelperVerb::connect;
    const OwnedDescriptor process = own_pidfd();
    const int sent[] = {helpers.get(), process.get()};
    if (send_message(the_client->socket_.get(), request, std::span(sent, process ? 2 : 1)) != Sent::yes)
        client->gone_ = true;
    the_client->socket_ = OwnedDescriptor();
    client->forked_from_ = std::move(the_client);
    the_client = std::move(client);
}

void HelperClient::start_reader() {
    if (reader_.joinable()) return;
    const BlockSignals blocked;
    reader_ = std::thread([this] { read_replies(); });
}

std::shared_ptr<ProcessState> HelperClient::spawn(ProcessSetup setup, std::weak_ptr<ProcessState::Listener> listener) {
    if (!setup.payload.in_block() && setup.payload.size() > Payload::kLargest)
        throw std::length_error("hocket: a process's arguments are too long for a message");
    RequestMessage message(setup);
    Started started;
    started.process = std::make_shared<ProcessState>(setup.name, std::move(listener));
    std::unique_lock guard(mutex_);
    start_reader();
    const std::uint64_t id = next_id_++;
    if (!gone_) {
        started.entry.emplace(id, started.process);
        starting_.emplace(id, &started);
        // Not under the lock, which the reader needs while the helper has no room for a request.
        guard.unlock();
        Sent sent = Sent::peer_gone;
        try {
            sent = message.send(socket_.get(), id);
        } catch (...) {
            guard.lock();
            starting_.erase(id);
            throw;
        }
        guard.lock();
        if (sent != Sent::yes) gone_ = true;
        answered_.wait(guard, [&] { return started.answered || gone_; });
        starting_.erase(id);
    }
    if (!started.answered) {
        throw std::system_error(
            ECHILD, std::generic_category(),
            "hocket: cannot start process '" + setup.name + "': the helper process that init() has started was killed");
    }
    if (started.error) {
        throw std::system_error(started.error, std::generic_category(),
                                "hocket: cannot start process '" + setup.name + "'");
    }
    return std::move(started.process);
}

void HelperClient::read_replies() noexcept {
    for (;;) {
        SpawnReply reply;
        std::size_t size = 0;
        std::vector<OwnedDescriptor> descriptors;
        try {
            const Received received =
                receive_message(socket_.get(), std::as_writable_bytes(std::span(&reply, 1)), size, descriptors);
            if (received == Received::end) break;
        } catch (const std::exception& error) {
            descriptors.clear();
            if (size == 0) {
                if (is_want_of_memory(error)) {
                    std::this_thread::sleep_for(kTryAgain);
                    continue;
                }
                // The program has closed the descriptor, or made it something else: it leads nowhere any more.
                report(ReportKind::lost_exception,
                       "the processes of this program are given up, since what led to their helper was closed");
                ::shutdown(socket_.get(), SHUT_RDWR);
                break;
            }
            // No descriptor was left for the pidfd: the reply itself is there.
        }
        if (reply.verb == HelperVerb::left) break;
        take(reply, descriptors);
    }
    helper_is_gone();
}

void HelperClient::take(const SpawnReply& reply, std::vector<OwnedDescriptor>& descriptors) noexcept {
    std::shared_ptr<ProcessState> ended;
    {
        std::scoped_lock guard(mutex_);
        if (reply.verb == HelperVerb::ended) {
            const auto found = processes_.find(reply.id);
            if (found == processes_.end()) return;
            ended = std::move(found->second);
            processes_.erase(found);
        } else {
            const auto found = starting_.find(reply.id);
            if (found == starting_.end()) return;
            Started& started = *found->second;
            started.answered = true;
            if (reply.verb == HelperVerb::failed) {
                started.error = reply.status;
            } else if (descriptors.empty()) {
                started.error = EMFILE;
                ::kill(reply.pid, SIGKILL);
            } else {
                started.process->begin(reply.pid, std::move(descriptors.front()));
                processes_.insert(started.entry.extract(started.entry.begin()));
            }
            answered_.notify_all();
            return;
        }
    }
    ProcessEnd end;
    end.code = WIFSIGNALED(reply.status) ? -WTERMSIG(reply.status) : WEXITSTATUS(reply.status);
    end.dumped_core = WIFSIGNALED(reply.status) && WCOREDUMP(reply.status);
    ended->finish(end);
}

void HelperClient::helper_is_gone() noexcept {
    Processes left;
    {
        std::scoped_lock guard(mutex_);
        gone_ = true;
        left.swap(processes_);
        answered_.notify_all();
    }
    // They are killed when the helper dies, before its socket closes or shortly after.
    for (const auto& [id, process] : left) {
        ProcessEnd end;
        end.code = -SIGKILL;
        end.unknown = true;
        process->finish(end);
    }
}

std::shared_ptr<ProcessState> start_process(ProcessSetup setup, std::weak_ptr<ProcessState::Listener> listener) {
    return HelperClient::get("start a process").spawn(std::move(setup), std::move(listener));
}

void require_init(const char* what) { (void)HelperClient::get(what); }

}  // namespace hocket::detail
