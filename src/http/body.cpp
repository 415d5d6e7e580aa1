#include "hocket/http/body.hpp"

#include <stdexcept>

#include "hocket/http/headers.hpp"

namespace hocket::http {

Body::Body(std::string text, std::string_view content_type) : Body(std::move(text)) {
    if (!is_field_value(content_type))
        throw std::invalid_argument("hocket: the content type of a body holds a control character");
    content_type_ = content_type;
}

}  // namespace hocket::http
