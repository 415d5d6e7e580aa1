#include "process/child.hpp"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <iostream>
#include <string>
#include <system_error>

#include "hocket/core/errors.hpp"
#include "hocket/process/detail/payload.hpp"
#include "process/error_text.hpp"
#include "process/helper_client.hpp"

namespace hocket::detail {
namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

void take_streams(const SpawnRequest& request, std::vector<OwnedDescriptor>& descriptors, std::size_t& next) {
    for (int stream = 0; stream < 3; ++stream) {
        if (request.open_streams >> stream & 1) {
            if (::dup2(descriptors.at(next++).get(), stream) < 0) fail("take over a standard stream");
        }
    }
}

void take_user(const SpawnRequest& request, const std::vector<gid_t>& groups) {
    uid_t uids[3]{};
    gid_t gids[3]{};
    ::getresuid(&uids[0], &uids[1], &uids[2]);
    ::getresgid(&gids[0], &gids[1], &gids[2]);
    const bool same_user = std::memcmp(uids, request.uids, sizeof uids) == 0;
    const bool same_group = std::memcmp(gids, request.gids, sizeof gids) == 0;
    if (same_user && same_group) return;
    // The program has given up privileges since init(): this process gives them up for ever.
    if (uids[1] == 0 && ::setgroups(groups.size(), groups.data()) != 0) fail("take over the program's groups");
    if (!same_group && ::setresgid(request.gids[0], request.gids[1], request.gids[2]) != 0)
        fail("take over the program's group");
    if (!same_user && ::setresuid(request.uids[0], request.uids[1], request.uids[2]) != 0)
        fail("take over the program's user");
}

// Shows in `ps`: the arguments' place is the only one where that can be written, and nobody reads them here any more.
void set_title(const ProgramStart& start, const std::string& name) {
    if (start.argc <= 0 || !start.argv || !start.argv[0]) return;
    char* begin = start.argv[0];
    char* end = begin;
    for (int i = 0; i < start.argc && start.argv[i] == end; ++i) end += std::strlen(end) + 1;
    const auto room = static_cast<std::size_t>(end - begin);
    const char* slash = std::strrchr(begin, '/');
    const std::string title = std::string(slash ? slash + 1 : begin) + ": " + name;
    std::memset(begin, 0, room);
    std::memcpy(begin, title.data(), std::min(room - 1, title.size()));
}

void become(ChildSetup& setup, std::size_t& next_descriptor) {
    // If the helper is killed, its processes are: it has one thread, so the signal cannot come too early. It may have
    // come already.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != setup.helper) ::_exit(1);
    const SpawnRequest& request = setup.request;
    if (request.ignores_interrupt) ::signal(SIGINT, SIG_IGN);
    if (::fchdir(setup.descriptors.at(next_descriptor++).get()) != 0) fail("enter the program's working folder");
    take_streams(request, setup.descriptors, next_descriptor);
    ::umask(request.umask);
    if (request.processor >= 0) {
        cpu_set_t processors;
        CPU_ZERO(&processors);
        CPU_SET(static_cast<std::size_t>(request.processor), &processors);
        if (::sched_setaffinity(0, sizeof processors, &processors) != 0) fail("bind the process to its processor");
    }
    take_user(request, setup.groups);
    // Changing the user has taken it back.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != setup.helper) ::_exit(1);
    ::prctl(PR_SET_NAME, setup.name.c_str());
    set_title(*setup.start, setup.name);
    HelperClient::begin_in_child(std::move(setup.client));
    ::sigprocmask(SIG_SETMASK, &setup.signals, nullptr);
}

void complain(const std::string& name, const std::exception_ptr& error) {
    const std::string text =
        "process '" + name + "' (pid " + std::to_string(::getpid()) + ") ended with " + error_text(error) + "\n";
    std::fflush(nullptr);
    (void)!::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace

void run_child(ChildSetup setup) {
    int code = 1;
    try {
        std::size_t next = 0;
        become(setup, next);
        SharedBlock block;
        std::span<const std::byte> payload = setup.payload;
        if (setup.request.payload_in_block) {
            block = SharedBlock(std::move(setup.descriptors.at(next++)));
            payload = std::span(block.data(), static_cast<std::size_t>(setup.request.payload_size));
        }
        std::vector<OwnedDescriptor> own;
        for (; next < setup.descriptors.size(); ++next) own.push_back(std::move(setup.descriptors[next]));
        setup.descriptors.clear();
        // In a message the payload follows other things: its readers want it aligned.
        std::vector<std::max_align_t> aligned;
        if (!block) {
            aligned.resize(payload.size() / sizeof(std::max_align_t) + 1);
            if (!payload.empty()) std::memcpy(aligned.data(), payload.data(), payload.size());
            payload = std::span(reinterpret_cast<const std::byte*>(aligned.data()), payload.size());
        }
        PayloadReader reader(payload, std::move(own));
        code = function_of<std::remove_pointer_t<ProcessEntry>>(setup.request.entry)(reader);
    } catch (...) {
        complain(setup.name, std::current_exception());
    }
    // As after a fork: the destructors of static objects and the functions of atexit() are the program's own.
    std::cout.flush();
    std::fflush(nullptr);
    ::_exit(code);
}

}  // namespace hocket::detail
