// Connecting: streams to servers.
#pragma once
#include <cstdint>
#include <string>

#include "hocket/net/stream.hpp"

namespace hocket {

/// A stream to a host by name or number, over TCP. See Socket::async_connect() for which of several addresses is taken,
/// and what it throws; combine with timeout() to limit the time. Cancellation leaves no connection.
Task<Stream> open_connection(std::string host, std::uint16_t port, ConnectOptions options = ConnectOptions());
/// A stream to one address, of a Unix socket too.
Task<Stream> open_connection(Address address, ConnectOptions options = ConnectOptions());
/// A stream to the Unix socket at `path`; a leading NUL byte means Linux' abstract namespace.
Task<Stream> open_unix_connection(std::string path);

}  // namespace hocket
