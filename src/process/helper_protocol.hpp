// What a program and its helper, which starts processes for it, say to each other. Both are the same program, so the
// messages are plain structures.
//
// Client to helper:
//   SpawnRequest, the name, the supplementary groups, the payload; with the descriptors: working folder, those of the
//       standard streams that are open, the payload's block if it has one, the payload's own.
//   SpawnRequest with verb `connect`, a socket and a pidfd: another client, at the other end of that socket, and its
//       process.
//   SpawnRequest with verb `leave`: the client ends. Its processes are killed.
// Helper to client:
//   SpawnReply with the process's pidfd, or with the errno of the failure.
//   SpawnReply with verb `ended` and the status, when a process of that client has ended.
//   SpawnReply with verb `left`, the last one, when the processes of a client that leaves have ended.
#pragma once
#include <sys/types.h>

#include <cstdint>

#include "hocket/process/detail/function_name.hpp"

namespace hocket::detail {

enum class HelperVerb : std::uint32_t { spawn, connect, leave, started, failed, ended, left };

/// What the new process takes over from who has it started, since the helper itself is as the program was in init().
struct SpawnRequest {
    HelperVerb verb = HelperVerb::spawn;
    std::uint32_t name_size = 0;
    std::uint64_t id = 0;  // given by the client
    FunctionName entry;
    std::uint64_t payload_size = 0;
    std::uint32_t payload_in_block = 0;
    std::uint32_t open_streams = 0;  // bits 0, 1, 2
    std::uint32_t group_count = 0;
    std::uint32_t ignores_interrupt = 0;
    std::int32_t processor = -1;  // to run on; -1: any
    mode_t umask = 0;
    uid_t uids[3]{};  // real, effective, saved
    gid_t gids[3]{};
};

struct SpawnReply {
    HelperVerb verb = HelperVerb::started;
    std::int32_t pid = 0;
    std::uint64_t id = 0;
    std::int32_t status = 0;  // as of waitpid(), or an errno
    std::int32_t padding = 0;
};

/// The longest message to the helper. A longer payload is in a block.
inline constexpr std::size_t kLongestRequest = 65536;

}  // namespace hocket::detail
