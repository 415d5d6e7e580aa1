#include "hocket/http/error.hpp"

namespace hocket::http {

Error::Error(Failure failure, std::string url, std::string host, const std::string& what)
    : std::runtime_error(what),
      failure_(failure),
      where_(std::make_shared<const Where>(std::move(url), std::move(host))) {}

}  // namespace hocket::http
