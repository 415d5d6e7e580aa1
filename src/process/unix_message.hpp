// Messages with descriptors over a Unix socket that keeps their bounds (SOCK_SEQPACKET).
#pragma once
#include <array>
#include <cstddef>
#include <exception>
#include <span>
#include <utility>
#include <vector>

#include "hocket/process/detail/owned_descriptor.hpp"

namespace hocket::detail {

/// Two sockets that are connected. Throws std::system_error.
std::pair<OwnedDescriptor, OwnedDescriptor> socket_pair();

/// The most descriptors that one message may have (SCM_MAX_FD).
inline constexpr std::size_t kMostDescriptors = 253;

/// What became of a message.
enum class Sent { yes, peer_gone, would_block };

/// Sends one message, of all the parts. Throws std::system_error for other failures, std::length_error for too many
/// descriptors.
Sent send_parts(int socket, std::span<const std::span<const std::byte>> parts, std::span<const int> descriptors,
                int flags = 0);
template <class Header>
Sent send_message(int socket, const Header& header, std::span<const int> descriptors = {}, int flags = 0) {
    const std::array<std::span<const std::byte>, 1> parts{std::as_bytes(std::span(&header, 1))};
    return send_parts(socket, parts, descriptors, flags);
}

/// How the wait for a message ended.
enum class Received { message, end, would_block };

/// Receives one message into `buffer`, sets `size`, and adds its descriptors to `descriptors`. Throws
/// std::system_error; std::runtime_error if the message has not found room, or its descriptors none in this process:
/// then `size` tells, not being 0, that its bytes are there.
Received receive_message(int socket, std::span<std::byte> buffer, std::size_t& size,
                         std::vector<OwnedDescriptor>& descriptors, int flags = 0);
/// Whether receive_message() has thrown `error` for want of memory: if `size` is 0, the message is still to be
/// received.
bool is_want_of_memory(const std::exception& error) noexcept;

}  // namespace hocket::detail
