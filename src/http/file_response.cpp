#include "hocket/http/file_response.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <charconv>
#include <optional>
#include <system_error>

#include "hocket/aio/to_thread.hpp"
#include "hocket/http/status_error.hpp"
#include "http/deferred_body.hpp"
#include "http/http_date.hpp"
#include "http/list_elements.hpp"
#include "net/fd_guard.hpp"

namespace hocket::http {
namespace detail {

/// Makes responses with a part of a file.
class FileBody {
public:
    static Response response(int status, hocket::detail::FdGuard file, std::uint64_t begin, std::uint64_t size,
                             std::string_view content_type) {
        Response response(status, std::string(), content_type);
        response.deferred_ = std::make_shared<DeferredBody>(file.get(), begin, size);
        (void)file.release();
        return response;
    }
};

}  // namespace detail

namespace {

using hocket::detail::FdGuard;

// A file that was opened to be sent.
class OpenFile {
public:
    OpenFile() = default;
    FdGuard fd;
    std::uint64_t size = 0;
    std::string tag;       // strong: of this content
    std::string modified;  // when
};

OpenFile open_file(const std::filesystem::path& path) {
    OpenFile file;
    // Without O_NONBLOCK, to open a pipe that nobody writes would wait for ever.
    file.fd = FdGuard(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (file.fd.get() < 0) {
        const int error = errno;
        if (error == ENOENT || error == ENOTDIR || error == ENAMETOOLONG || error == ELOOP || error == ENXIO)
            throw StatusError(404, "not found");
        if (error == EACCES || error == EPERM) throw StatusError(403, "forbidden");
        throw std::system_error(error, std::generic_category(), "hocket: open " + path.string() + " to send it");
    }
    struct stat status {};
    if (::fstat(file.fd.get(), &status) < 0)
        throw std::system_error(errno, std::generic_category(), "hocket: look at " + path.string());
    if (!S_ISREG(status.st_mode)) throw StatusError(404, "not found");
    file.size = static_cast<std::uint64_t>(status.st_size);
    file.modified = detail::HttpDate(status.st_mtim.tv_sec).text();
    const auto nanoseconds = static_cast<std::uint64_t>(status.st_mtim.tv_sec) * 1'000'000'000u +
                             static_cast<std::uint64_t>(status.st_mtim.tv_nsec);
    std::array<char, 48> tag;
    char* end = std::to_chars(tag.data(), tag.data() + tag.size(), nanoseconds, 16).ptr;
    *end++ = '-';
    end = std::to_chars(end, tag.data() + tag.size(), file.size, 16).ptr;
    file.tag = '"' + std::string(tag.data(), end) + '"';
    return file;
}

// Whether one of the tags in `list` is `tag`, weak or strong (RFC 9110, section 8.8.3.2).
bool matches(std::string_view list, std::string_view tag) {
    detail::ListElements elements(list);
    while (auto element = elements.next()) {
        if (element->starts_with("W/")) element->remove_prefix(2);
        if (*element == tag || *element == "*") return true;
    }
    return false;
}

// Whether the client has it already. A date counts if it is the very one that we gave.
bool is_known(const Request& request, const OpenFile& file) {
    const std::string_view tags = request.header("If-None-Match");
    if (!tags.empty()) return matches(tags, file.tag);
    return request.header("If-Modified-Since") == file.modified;
}

std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || rest != text.data() + text.size() || error != std::errc()) return std::nullopt;
    return value;
}

// A part of a file.
class Range {
public:
    Range() = default;
    Range(std::uint64_t from, std::uint64_t to) noexcept : begin(from), end(to) {}
    bool empty() const noexcept { return begin >= end; }
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
};

// What the client asks for: one range, empty if the file has nothing there; nothing if it wants all, or several ranges,
// or something malformed, which is to be ignored.
std::optional<Range> wanted_range(const Request& request, const OpenFile& file) {
    constexpr std::string_view kUnit = "bytes=";
    std::string_view text = request.header("Range");
    if (!text.starts_with(kUnit) || request.method() != "GET") return std::nullopt;
    const std::string_view condition = request.header("If-Range");
    if (!condition.empty() && condition != file.tag && condition != file.modified) return std::nullopt;
    text.remove_prefix(kUnit.size());
    const std::size_t dash = text.find('-');
    if (dash == std::string_view::npos) return std::nullopt;
    const std::string_view first = text.substr(0, dash);
    const std::string_view last = text.substr(dash + 1);
    const std::optional<std::uint64_t> from = number(first);
    const std::optional<std::uint64_t> to = number(last);
    if (first.empty() && to) return Range(file.size - std::min(*to, file.size), file.size);
    if (!from || (!to && !last.empty()) || (to && *to < *from)) return std::nullopt;
    return Range(*from, to && *to < file.size ? *to + 1 : file.size);
}

std::string content_range(const std::string& range, std::uint64_t size) {
    return "bytes " + range + "/" + std::to_string(size);
}

Response respond(const Request& request, OpenFile file, std::string_view content_type) {
    if (is_known(request, file)) {
        Response response = Response::empty(304);
        response.set_header("ETag", file.tag).set_header("Last-Modified", file.modified);
        return response;
    }
    const std::uint64_t size = file.size;
    const std::optional<Range> range = wanted_range(request, file);
    if (range && range->empty()) {
        Response response = Response::text(416, "the file has no such range\n");
        response.set_header("Content-Range", content_range("*", size));
        return response;
    }
    const Range part = range.value_or(Range(0, size));
    Response response = detail::FileBody::response(range ? 206 : 200, std::move(file.fd), part.begin,
                                                   part.end - part.begin, content_type);
    response.set_header("ETag", file.tag).set_header("Last-Modified", file.modified);
    response.set_header("Accept-Ranges", "bytes");
    if (range) {
        const std::string bytes = std::to_string(part.begin) + "-" + std::to_string(part.end - 1);
        response.set_header("Content-Range", content_range(bytes, size));
    }
    return response;
}

}  // namespace

Task<Response> file_response(const Request& request, std::filesystem::path path, std::string content_type) {
    if (content_type.empty()) content_type = content_type_of(path);
    OpenFile file = co_await to_thread(open_file, std::move(path));
    co_return respond(request, std::move(file), content_type);
}

std::string_view content_type_of(const std::filesystem::path& path) {
    struct Known {
        std::string_view extension;
        std::string_view type;
    };
    static constexpr Known kKnown[] = {
        {".html", "text/html; charset=utf-8"},
        {".htm", "text/html; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".mjs", "text/javascript; charset=utf-8"},
        {".json", "application/json"},
        {".txt", "text/plain; charset=utf-8"},
        {".md", "text/markdown; charset=utf-8"},
        {".csv", "text/csv; charset=utf-8"},
        {".xml", "application/xml"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".jpg", "image/jpeg"},
        {".jpeg", "image/jpeg"},
        {".gif", "image/gif"},
        {".webp", "image/webp"},
        {".ico", "image/vnd.microsoft.icon"},
        {".wasm", "application/wasm"},
        {".woff2", "font/woff2"},
        {".pdf", "application/pdf"},
        {".zip", "application/zip"},
        {".gz", "application/gzip"},
    };
    const std::string extension = path.extension().string();
    for (const Known& known : kKnown) {
        if (equal_names(known.extension, extension)) return known.type;
    }
    return "application/octet-stream";
}

}  // namespace hocket::http
