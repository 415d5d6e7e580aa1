#include "net/tls_key_log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "net/fd_guard.hpp"

namespace hocket::detail {
namespace {

const char* key_log_file() noexcept { return ::secure_getenv("SSLKEYLOGFILE"); }

void append_line(const SSL*, const char* line) {
    const char* path = key_log_file();
    if (!path || !*path) return;
    // One write of a whole line, so that several threads and programs can share the file.
    const FdGuard file(::open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
    const std::string whole = std::string(line) + '\n';
    if (file.get() >= 0) (void)!::write(file.get(), whole.data(), whole.size());
}

}  // namespace

void log_keys(SSL_CTX& context) {
    const char* path = key_log_file();
    if (path && *path) ::SSL_CTX_set_keylog_callback(&context, append_line);
}

}  // namespace hocket::detail
