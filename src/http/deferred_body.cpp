#include "http/deferred_body.hpp"

#include <unistd.h>

namespace hocket::http::detail {

DeferredBody::~DeferredBody() {
    if (fd >= 0) ::close(fd);
}

}  // namespace hocket::http::detail
