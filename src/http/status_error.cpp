#include "hocket/http/status_error.hpp"

namespace hocket::http {

StatusError::StatusError(int status, const std::string& text) : std::runtime_error(text), status_(status) {
    if (status < 400 || status > 599) {
        throw std::invalid_argument("hocket: " + std::to_string(status) +
                                    " is not the status of an error; it takes 400 to 599");
    }
}

}  // namespace hocket::http
