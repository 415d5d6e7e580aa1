#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "hocket/http.hpp"
#include "load/options.hpp"

namespace hocket::serve {

// What the target answers:
//
//     /echo              POST, PUT: the body of the request
//     /bytes?size=10k    a body of this size, with its length
//     /chunked?size=10k  the same in chunks; &chunk=100: of this size
//     /status/404        this status, 200 to 599
//     /delay?ms=50       the usual answer, after 50 ms
//     anything else      the status and body of the options, after their delay
//
// A wrong number gets 400.
class TargetHandler {
public:
    explicit TargetHandler(const load::ServeOptions& options);
    Task<http::Response> operator()(const http::Request& request) const;

private:
    http::Response usual() const;

    std::chrono::nanoseconds delay_;
    int status_;
    std::shared_ptr<const std::string> body_;
};

}  // namespace hocket::serve
