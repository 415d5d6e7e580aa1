// Where a BodyReader gets its bytes.
#pragma once
#include <string>

#include "hocket/aio/task.hpp"

namespace hocket::http::detail {

/// The connection, as the reader of a request's body sees it.
class BodySource {
public:
    /// As BodyReader::read().
    virtual Task<std::string> read_body() = 0;

protected:
    ~BodySource() = default;
};

}  // namespace hocket::http::detail
