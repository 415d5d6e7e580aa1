#include "process/helper.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <deque>
#include <exception>
#include <map>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "process/child.hpp"
#include "process/helper_protocol.hpp"
#include "process/unix_message.hpp"

namespace hocket::detail {
namespace {

/// A program, or one of its processes that may start others in its turn, or a process that one of them has forked.
///
/// Its socket may be held open by others that were forked from it, so that its end is told by its pidfd, or, if the
/// helper has forked it, by waitpid(). The socket then still leads to the helper for those others, who introduce
/// themselves through it.
struct Client {
    struct Letter {
        SpawnReply reply;
        OwnedDescriptor descriptor;
    };
    explicit Client(OwnedDescriptor socket, OwnedDescriptor process = OwnedDescriptor())
        : socket(std::move(socket)), process(std::move(process)) {}
    OwnedDescriptor socket;
    OwnedDescriptor process;    // none: a child of ours, or not known
    std::deque<Letter> outbox;  // what it has not taken yet
    std::size_t children = 0;   // that it has had started and that have not ended
    bool over = false;          // its process has ended: nothing is started for it any more
    bool leaves = false;        // it has said so, and is told when its children have ended
    bool closed = false;        // its socket is: it goes when its children have ended
};

struct Child {
    Client* owner = nullptr;  // outlives it
    std::uint64_t id = 0;
    Client* self = nullptr;  // null: gone
};

class Helper {
public:
    Helper(OwnedDescriptor client, OwnedDescriptor program, const ProgramStart& start);
    void run();

private:
    using Children = std::map<pid_t, Child>;
    void turn();
    /// False when the client's socket is closed.
    bool serve(Client& client);
    void spawn(Client& client, const SpawnRequest& request, std::size_t size, std::vector<OwnedDescriptor> descriptors);
    void answer(Client& client, const SpawnReply& reply, OwnedDescriptor descriptor = OwnedDescriptor());
    void send_outbox(Client& client);
    void end_children_of(Client& client);
    void say_goodbye(Client& client);
    void remove_closed_clients();
    void reap();

    const ProgramStart start_;
    sigset_t signals_before_{};
    struct sigaction child_action_before_ {};
    OwnedDescriptor child_signals_;
    std::vector<std::unique_ptr<Client>> clients_;
    Children children_;
    std::vector<std::byte> message_;
    std::vector<pollfd> polled_;
};

Helper::Helper(OwnedDescriptor client, OwnedDescriptor program, const ProgramStart& start)
    : start_(start), message_(kLongestRequest) {
    // What a terminal sends to all processes of a program, and what asks it to end, is not for the helper, which ends
    // when the program has ended. Blocked rather than ignored: a signal to a process that has just been forked waits
    // until the process is ready for it.
    sigset_t all{};
    ::sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, &signals_before_);
    struct sigaction standard {};
    standard.sa_handler = SIG_DFL;  // if it were ignored, children would vanish without a status
    ::sigaction(SIGCHLD, &standard, &child_action_before_);
    sigset_t child{};
    ::sigemptyset(&child);
    ::sigaddset(&child, SIGCHLD);
    child_signals_ = OwnedDescriptor(::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!child_signals_)
        throw std::system_error(errno, std::generic_category(), "hocket: the helper process's signalfd");
    clients_.push_back(std::make_unique<Client>(std::move(client), std::move(program)));
}

void Helper::run() {
    while (!clients_.empty()) turn();
}

void Helper::turn() {
    // Two for each client; poll() passes over those that are -1.
    polled_.assign(1, {child_signals_.get(), POLLIN, 0});
    for (const auto& client : clients_) {
        const bool has_letters = !client->outbox.empty();
        const int socket = client->closed ? -1 : client->socket.get();
        polled_.push_back({socket, static_cast<short>(has_letters ? POLLIN | POLLOUT : POLLIN), 0});
        polled_.push_back({client->process.get(), POLLIN, 0});
    }
    const std::size_t count = clients_.size();  // of those that are polled; the turn may add some
    if (::poll(polled_.data(), polled_.size(), -1) < 0 && errno != EINTR)
        throw std::system_error(errno, std::generic_category(), "hocket: the helper process's poll()");
    if (polled_[0].revents != 0) reap();
    for (std::size_t i = 0; i < count; ++i) {
        Client& client = *clients_[i];
        const short on_socket = polled_[1 + 2 * i].revents;
        const short on_process = polled_[2 + 2 * i].revents;
        if (on_process != 0) {
            client.process = OwnedDescriptor();
            end_children_of(client);
        }
        if ((on_socket & POLLOUT) != 0) send_outbox(client);
        // One request each.
        if ((on_socket & ~POLLOUT) == 0 || serve(client)) continue;
        client.closed = true;
        end_children_of(client);
    }
    remove_closed_clients();
}

bool Helper::serve(Client& client) {
    std::size_t size = 0;
    std::vector<OwnedDescriptor> descriptors;
    SpawnRequest request;
    try {
        switch (receive_message(client.socket.get(), message_, size, descriptors, MSG_DONTWAIT)) {
            case Received::end:
                return false;
            case Received::would_block:
                return true;
            case Received::message:
                break;
        }
        if (size < sizeof request) return true;
        std::memcpy(&request, message_.data(), sizeof request);
    } catch (const std::exception& error) {
        if (size < sizeof request) return is_want_of_memory(error);
        // Its descriptors have found no room here: whose request it was can be read nevertheless.
        std::memcpy(&request, message_.data(), sizeof request);
        answer(client, SpawnReply{HelperVerb::failed, 0, request.id, EMFILE});
        return true;
    }
    if (request.verb == HelperVerb::connect) {
        if (descriptors.empty()) return true;
        OwnedDescriptor process = descriptors.size() > 1 ? std::move(descriptors[1]) : OwnedDescriptor();
        clients_.push_back(std::make_unique<Client>(std::move(descriptors[0]), std::move(process)));
        return true;
    }
    if (request.verb == HelperVerb::leave) {
        client.leaves = true;
        end_children_of(client);
        return true;
    }
    // What it had asked for when it was killed is not begun.
    if (!client.over) spawn(client, request, size, std::move(descriptors));
    return true;
}

void Helper::spawn(Client& client, const SpawnRequest& request, std::size_t size,
                   std::vector<OwnedDescriptor> descriptors) {
    SpawnReply reply{HelperVerb::failed, 0, request.id};
    OwnedDescriptor pidfd;
    try {
        ChildSetup setup;
        setup.start = &start_;
        setup.helper = ::getpid();
        setup.signals = signals_before_;
        setup.request = request;
        const std::byte* at = message_.data() + sizeof request;
        setup.name.assign(reinterpret_cast<const char*>(at), request.name_size);
        at += request.name_size;
        setup.groups.resize(request.group_count);
        if (request.group_count > 0) std::memcpy(setup.groups.data(), at, request.group_count * sizeof(gid_t));
        at += request.group_count * sizeof(gid_t);
        setup.payload = std::span(at, static_cast<std::size_t>(message_.data() + size - at));
        setup.descriptors = std::move(descriptors);
        auto [own, childs] = socket_pair();
        setup.client = std::move(childs);
        // Before there is a child that could be forgotten for want of memory.
        auto self = std::make_unique<Client>(std::move(own));
        clients_.reserve(clients_.size() + 1);
        Children added;
        added.emplace(0, Child{&client, request.id, &*self});

        const pid_t pid = ::fork();
        if (pid < 0) throw std::system_error(errno, std::generic_category());
        if (pid == 0) {
            self.reset();
            clients_.clear();
            child_signals_ = OwnedDescriptor();
            ::sigaction(SIGCHLD, &child_action_before_, nullptr);
            run_child(std::move(setup));
        }
        auto node = added.extract(added.begin());
        node.key() = pid;
        children_.insert(std::move(node));
        clients_.push_back(std::move(self));
        ++client.children;
        pidfd = OwnedDescriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
        if (!pidfd) {
            const int error = errno;
            ::kill(pid, SIGKILL);
            throw std::system_error(error, std::generic_category());
        }
        reply.verb = HelperVerb::started;
        reply.pid = pid;
    } catch (const std::system_error& error) {
        reply.status = error.code().value();
    } catch (const std::exception&) {
        reply.status = ENOMEM;
    }
    answer(client, reply, std::move(pidfd));
}

// Nobody can hold the helper up by not listening.
void Helper::answer(Client& client, const SpawnReply& reply, OwnedDescriptor descriptor) {
    if (client.over) return;
    client.outbox.push_back({reply, std::move(descriptor)});
    send_outbox(client);
}

void Helper::send_outbox(Client& client) {
    for (; !client.outbox.empty(); client.outbox.pop_front()) {
        Client::Letter& letter = client.outbox.front();
        const int sent[] = {letter.descriptor.get()};
        try {
            const std::span descriptors(sent, letter.descriptor ? 1 : 0);
            if (send_message(client.socket.get(), letter.reply, descriptors, MSG_DONTWAIT) == Sent::would_block) return;
        } catch (const std::system_error&) {
            // Too many descriptors are under way. Who gets none for the process that was started ends it.
            (void)send_message(client.socket.get(), letter.reply, {}, MSG_DONTWAIT);
        }
    }
}

void Helper::end_children_of(Client& client) {
    client.over = true;
    client.outbox.clear();
    if (client.children == 0) return say_goodbye(client);
    for (const auto& [pid, child] : children_) {
        if (child.owner == &client) ::kill(pid, SIGKILL);  // not reaped, so the pid is still its
    }
}

void Helper::say_goodbye(Client& client) {
    if (!client.leaves || client.children > 0) return;
    client.outbox.push_back({SpawnReply{HelperVerb::left}, OwnedDescriptor()});
    send_outbox(client);
}

void Helper::remove_closed_clients() {
    const auto goes = [](const std::unique_ptr<Client>& client) { return client->closed && client->children == 0; };
    for (auto& [pid, child] : children_) {
        if (child.self && child.self->closed && child.self->children == 0) child.self = nullptr;
    }
    std::erase_if(clients_, goes);
}

void Helper::reap() {
    signalfd_siginfo signals[8];
    while (::read(child_signals_.get(), signals, sizeof signals) > 0) {
    }
    for (;;) {
        int status = 0;
        const pid_t pid = ::waitpid(-1, &status, WNOHANG);
        if (pid <= 0) return;
        const auto found = children_.find(pid);
        if (found == children_.end()) continue;
        const Child child = found->second;
        children_.erase(found);
        if (child.self) end_children_of(*child.self);
        --child.owner->children;
        answer(*child.owner, SpawnReply{HelperVerb::ended, pid, child.id, status});
        say_goodbye(*child.owner);
    }
}

}  // namespace

void run_helper(OwnedDescriptor client, OwnedDescriptor program, const ProgramStart& start) {
    ::prctl(PR_SET_NAME, "hocket-helper");
    try {
        // It holds nothing open that the program, or who has started it, may want to see closed.
        constexpr int kSocket = 3, kProgram = 4, kFree = 5;
        const int socket = ::fcntl(client.get(), F_DUPFD_CLOEXEC, kFree);
        const int process = ::fcntl(program.get(), F_DUPFD_CLOEXEC, kFree);
        if (socket < 0) throw std::system_error(errno, std::generic_category(), "hocket: the helper process's socket");
        (void)client.release();
        (void)program.release();
        ::dup3(socket, kSocket, O_CLOEXEC);
        if (process >= 0) ::dup3(process, kProgram, O_CLOEXEC);
        ::syscall(SYS_close_range, process >= 0 ? kFree : kProgram, ~0u, 0);
        const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
        for (int stream = 0; stream < 3; ++stream) ::dup2(null, stream);
        if (null > 2) ::close(null);
        Helper(OwnedDescriptor(kSocket), OwnedDescriptor(process >= 0 ? kProgram : -1), start).run();
    } catch (const std::exception&) {
        // The program takes its processes for dead when the socket closes. They die with the helper (see run_child),
        // and are then somebody else's to collect.
        ::_exit(1);
    }
    // Nobody is left who could want something, and all children have been collected: their clients outlive them.
    ::_exit(0);
}

}  // namespace hocket::detail
