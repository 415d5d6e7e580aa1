#include "command_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string_view>

#include "duration.hpp"

namespace hocket::load {
namespace {

constexpr std::size_t longest_body = 200;

// For POSIX shells: as it is where every character is harmless, else in single quotes.
std::string quoted(std::string_view text) {
    const bool harmless = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) ||
               std::string_view("-_./:=,+@%[]").find(c) != std::string_view::npos;
    });
    if (harmless) return std::string(text);
    std::string result = "'";
    for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return result + "'";
}

}  // namespace

std::string without_secret(const std::string& header) {
    const auto [name, value] = parse_header(header);
    std::string lower = name;
    for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    for (const std::string_view word : {"auth", "cookie", "token", "secret", "password", "key", "session"}) {
        if (value && lower.find(word) != std::string::npos) return name + ": ***";
    }
    return header;
}
std::string to_command(const LoadOptions& options) {
    std::string command = "hocket load";
    const auto add = [&](std::string_view option, std::string_view value) {
        command += fmt::format(" {} {}", option, quoted(value));
    };
    if (options.requests) add("-n", std::to_string(*options.requests));
    if (options.duration) add("-z", spell_duration(*options.duration));
    add("-c", std::to_string(options.connections));
    add("-t", std::to_string(options.threads));
    if (options.request.method != (options.request.body ? "POST" : "GET")) add("-m", options.request.method);
    for (const std::string& header : options.request.headers) add("-H", without_secret(header));
    if (!options.data_file.empty()) {
        add("-D", options.data_file);
    } else if (options.request.body && options.request.body->size() <= longest_body) {
        add("-d", *options.request.body);
    } else if (options.request.body) {
        add("-d", fmt::format("({} bytes)", options.request.body->size()));
    }
    add("--timeout", spell_duration(options.timeout));
    if (options.insecure) command += " -k";
    if (options.url) command += " " + quoted(options.url->to_string());
    return command;
}

}  // namespace hocket::load
