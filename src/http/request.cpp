#include <stdexcept>

#include "hocket/http/detail/percent_decode.hpp"
#include "hocket/http/message.hpp"
#include "hocket/http/status_error.hpp"

namespace hocket::http {
namespace {

std::string decode(std::string_view text) {
    std::string decoded;
    if (!detail::percent_decode(text, detail::Plus::space, decoded))
        throw StatusError(400, "a percent sign in the query is not followed by two hexadecimal digits");
    return decoded;
}

bool is_name(std::string_view encoded, std::string_view name) {
    if (encoded.find_first_of("%+") == std::string_view::npos) return encoded == name;
    return decode(encoded) == name;
}

}  // namespace

std::optional<std::string> Request::query(std::string_view name) const {
    detail::QueryReader reader(query());
    while (const auto pair = reader.next()) {
        if (is_name(pair->first, name)) return decode(pair->second);
    }
    return std::nullopt;
}

std::vector<std::string> Request::query_values(std::string_view name) const {
    std::vector<std::string> values;
    detail::QueryReader reader(query());
    while (const auto pair = reader.next()) {
        if (is_name(pair->first, name)) values.push_back(decode(pair->second));
    }
    return values;
}

std::vector<std::pair<std::string, std::string>> Request::query_parameters() const {
    std::vector<std::pair<std::string, std::string>> parameters;
    detail::QueryReader reader(query());
    while (const auto pair = reader.next()) parameters.emplace_back(decode(pair->first), decode(pair->second));
    return parameters;
}

const std::string& Request::parameter(std::string_view name) const {
    for (const auto& [known, value] : parameters_) {
        if (known == name) return value;
    }
    throw std::invalid_argument("hocket: the route that led here has no {" + std::string(name) + "} in its path");
}

}  // namespace hocket::http
