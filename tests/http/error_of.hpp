// How a request of the client fails.
#pragma once
#include <gtest/gtest.h>

#include <utility>

#include "hocket/http.hpp"

namespace hocket::http {

/// What `request` fails with; that it does not is a failure of the test.
inline Task<Error> error_of(Task<Response> request) {
    try {
        const Response response = co_await std::move(request);
        ADD_FAILURE() << "it succeeded with " << response.status();
    } catch (const Error& error) {
        co_return error;
    }
    co_return Error(Failure::url, "", "", "it did not fail");
}

}  // namespace hocket::http
