// Host names to addresses, without blocking the loop.
#pragma once
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "hocket/aio/task.hpp"
#include "hocket/net/address.hpp"

namespace hocket {

/// A host name that could not be resolved; what() names it and says why.
class ResolveError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// The addresses of `host` for TCP, in the system's order of preference (RFC 6724); at least one. Numeric addresses are
/// answered at once; names by getaddrinfo() on one of a few helper threads, so that a slow name server stops nobody.
/// Throws ResolveError. Cancellation leaves the look-up to end on its own, unheard.
Task<std::vector<Address>> resolve(std::string host, std::uint16_t port);

/// The same for a thread, which it blocks. Throws CancelledError too when the thread is cancelled.
std::vector<Address> resolve_blocking(const std::string& host, std::uint16_t port,
                                      std::source_location where = std::source_location::current());

}  // namespace hocket
