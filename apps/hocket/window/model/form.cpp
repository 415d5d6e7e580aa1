#include "form.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <limits>
#include <stdexcept>
#include <string_view>

#include "load/duration.hpp"
#include "load/printable.hpp"
#include "load/whole_number.hpp"

namespace hocket::window {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kBlank = " \t\r\n";

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(kBlank);
    return first == std::string_view::npos ? std::string_view()
                                           : text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        if (const std::string_view line = trimmed(text.substr(0, end)); !line.empty()) lines.emplace_back(line);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

// Methods whose requests say how long their body is even if there is none (RFC 9110, 8.6).
bool expects_body(std::string_view method) { return method == "POST" || method == "PUT" || method == "PATCH"; }

// The URL as it was given: with user and password, which Url::to_string() leaves out.
std::string complete_url(const load::Url& url) {
    std::string text = url.to_string();
    if (url.user_info.empty()) return text;
    std::string user_info;
    for (const char c : url.user_info) {
        const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                           std::string_view(":-._~").find(c) != std::string_view::npos;
        user_info += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return text.insert(text.find("//") + 2, user_info + "@");
}

// Reads field after field; what one throws becomes the complaint about it.
class Reader {
public:
    explicit Reader(std::vector<Complaint>& complaints) : complaints_(complaints) {}

    template <class Read>
    void read(Field field, const Read& read) {
        try {
            read();
        } catch (const std::invalid_argument& error) {
            complaints_.emplace_back(field, load::printable(error.what()));
        }
    }

private:
    std::vector<Complaint>& complaints_;
};

std::chrono::nanoseconds time_in(std::string_view text) {
    const std::chrono::nanoseconds time = load::parse_duration(trimmed(text));
    if (time == 0ns) throw std::invalid_argument("it must be longer than 0");
    return time;
}

std::uint64_t number_in(std::string_view text, std::string_view example, std::uint64_t least, std::uint64_t most) {
    if (trimmed(text).empty()) throw std::invalid_argument(fmt::format("how many? for example {}", example));
    return load::parse_whole_number(trimmed(text), least, most);
}

load::RequestSpec request_of(const FormText& form, const FormExtras& extras, Reader& reader) {
    load::RequestSpec spec;
    spec.body = extras.body;
    if (!spec.body && !form.body.empty()) spec.body = form.body;
    spec.method = trimmed(form.method);
    if (spec.method.empty()) spec.method = spec.body ? "POST" : "GET";
    if (!spec.body && expects_body(spec.method)) spec.body.emplace();
    reader.read(Field::method, [&] { load::check_testable_method(spec.method); });
    reader.read(Field::headers, [&] {
        for (std::string& header : lines_of(form.headers)) {
            load::parse_header(header);
            spec.headers.push_back(std::move(header));
        }
    });
    return spec;
}

}  // namespace

FormText form_of(const load::LoadOptions& options) {
    FormText form;
    if (options.url) form.url = complete_url(*options.url);
    form.by_duration = !options.requests;
    form.requests = std::to_string(options.requests.value_or(10'000));
    form.duration = load::spell_duration(options.duration.value_or(10s));
    form.connections = std::to_string(options.connections);
    const bool has_body = options.request.body && !options.request.body->empty();
    if (options.request.method != (has_body ? "POST" : "GET")) form.method = options.request.method;
    for (const std::string& header : options.request.headers) form.headers += header + "\n";
    if (options.data_file.empty()) form.body = options.request.body.value_or("");
    form.threads = std::to_string(options.threads);
    form.timeout = load::spell_duration(options.timeout);
    form.insecure = options.insecure;
    return form;
}

std::optional<load::LoadOptions> options_of(const FormText& form, const FormExtras& extras,
                                            const load::Machine& machine, std::vector<Complaint>& complaints) {
    constexpr std::uint64_t most_requests = std::numeric_limits<std::int64_t>::max();
    complaints.clear();
    Reader reader(complaints);
    load::LoadOptions options;
    reader.read(Field::url, [&] {
        if (trimmed(form.url).empty()) throw std::invalid_argument("test what? for example http://127.0.0.1:8080/");
        options.url = load::parse_url(trimmed(form.url));
    });
    if (form.by_duration) {
        reader.read(Field::duration, [&] { options.duration = time_in(form.duration); });
    } else {
        reader.read(Field::requests, [&] { options.requests = number_in(form.requests, "10000", 1, most_requests); });
    }
    reader.read(Field::connections, [&] {
        const std::uint64_t connections = number_in(form.connections, "50", 1, 10'000'000);
        options.connections = static_cast<unsigned>(std::min(connections, options.requests.value_or(connections)));
    });
    reader.read(Field::threads, [&] {
        const bool by_itself = trimmed(form.threads).empty();
        const std::uint64_t threads = by_itself ? machine.cores : number_in(form.threads, "2", 1, load::most_threads);
        options.threads = static_cast<unsigned>(std::min<std::uint64_t>(threads, options.connections));
    });
    reader.read(Field::timeout, [&] { options.timeout = time_in(form.timeout); });
    options.insecure = form.insecure;
    options.data_file = extras.data_file;
    options.request = request_of(form, extras, reader);
    if (!complaints.empty()) return std::nullopt;

    const bool own = extras.own_target && options.url->host == extras.own_target->host &&
                     options.url->port == extras.own_target->port;
    const auto target = own ? load::TargetIs::in_this_process : load::TargetIs::elsewhere;
    reader.read(Field::connections, [&] { load::check_descriptors(options, target, machine); });
    reader.read(Field::headers, [&] { load::build_request(*options.url, options.request); });
    return complaints.empty() ? std::optional(std::move(options)) : std::nullopt;
}

}  // namespace hocket::window
