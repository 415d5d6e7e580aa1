// Files as responses.
#pragma once
#include <filesystem>
#include <string>

#include "hocket/aio/task.hpp"
#include "hocket/http/message.hpp"

namespace hocket::http {

/// The file at `path`, sent by sendfile() without passing through this program: for GET and HEAD, with ETag and
/// Last-Modified, answered by 304 when the client has it already, in part when it asks for one range (RFC 9110,
/// sections 13 and 14). Without a `content_type` the name's extension tells. The file is looked up in a thread of the
/// loop's executor.
///
/// Throws StatusError: 404 if there is no such regular file, 403 if it may not be read; std::system_error for other
/// failures. A path that a client may choose must be kept in its folder: Request::parameter() has no ".." in it. A file
/// that gets shorter while it is sent ends the connection.
Task<Response> file_response(const Request& request, std::filesystem::path path, std::string content_type = {});

/// "text/html; charset=utf-8" for "index.html"; "application/octet-stream" for what is not known.
std::string_view content_type_of(const std::filesystem::path& path);

}  // namespace hocket::http
