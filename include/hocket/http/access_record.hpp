// AccessRecord: what a server's log may say about a request.
#pragma once
#include <cstdint>
#include <functional>
#include <string_view>

#include "hocket/core/clock.hpp"
#include "hocket/net/address.hpp"

namespace hocket::http {

/// A request that was answered, or whose answer was given up. Its views are valid during the call only.
class AccessRecord {
public:
    AccessRecord() = default;
    std::string_view method;  ///< empty for a request that could not be read
    std::string_view target;  ///< likewise
    Address peer;             ///< of the connection; a proxy, where there is one
    int status = 0;           ///< 0: the handler was cancelled before it answered
    std::uint64_t bytes = 0;  ///< of the response's body, as far as it was sent or handed to the system
    Duration duration{};      ///< from the last byte of the request's head or body to the end of the response
    bool complete = false;    ///< the response was sent whole
};

/// Called on the server's loop after each request; must be quick. An exception is reported.
using AccessHook = std::function<void(const AccessRecord& record)>;

}  // namespace hocket::http
