#pragma once

#include <chrono>
#include <stdexcept>

#include "hocket/aio/task.hpp"
#include "hocket/net/address.hpp"
#include "options.hpp"
#include "summary.hpp"

namespace hocket::load {

// Nobody answers where a URL leads to; what() says why, without the URL.
class Unreachable : public std::runtime_error {
public:
    Unreachable(ErrorKind kind, const std::string& why) : std::runtime_error(why), kind_(kind) {}
    Failure failure() const { return Failure{name(kind_), what()}; }

private:
    ErrorKind kind_;
};

// The address behind options.url that answers, found by connecting to it. Throws Unreachable. `options` must live as
// long.
Task<Address> reach(const LoadOptions& options);

// What there is to tell of a test that did not begin.
Summary nothing_done(const LoadOptions& options, std::chrono::system_clock::time_point started_at);

}  // namespace hocket::load
