// Redirect: where a standard stream of a child process leads.
#pragma once
#include <filesystem>
#include <utility>

namespace hocket {

/// Where standard input comes from, or standard output or error goes. A value.
class Redirect {
public:
    enum class Kind { inherit, pipe, null, file, append, descriptor, to_output };

    /// To where ours leads.
    static Redirect inherit() { return Redirect(Kind::inherit); }
    /// Through a pipe to a Stream of the Subprocess.
    static Redirect pipe() { return Redirect(Kind::pipe); }
    /// Nothing to read; what is written is dropped.
    static Redirect null() { return Redirect(Kind::null); }
    /// A file: read, or written from the beginning, what it had before being lost.
    static Redirect file(std::filesystem::path path) { return Redirect(Kind::file, std::move(path)); }
    /// A file, written at its end.
    static Redirect append(std::filesystem::path path) { return Redirect(Kind::append, std::move(path)); }
    /// An open descriptor, which stays the caller's and must stay open until the process has been started.
    static Redirect descriptor(int fd) { return Redirect(Kind::descriptor, {}, fd); }
    /// Standard error only: to where standard output leads.
    static Redirect to_output() { return Redirect(Kind::to_output); }

    Kind kind() const noexcept { return kind_; }
    const std::filesystem::path& path() const noexcept { return path_; }
    int fd() const noexcept { return fd_; }

private:
    explicit Redirect(Kind kind, std::filesystem::path path = {}, int fd = -1)
        : kind_(kind), path_(std::move(path)), fd_(fd) {}
    Kind kind_;
    std::filesystem::path path_;
    int fd_;
};

}  // namespace hocket
