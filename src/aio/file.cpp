#include "hocket/aio/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <span>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "hocket/aio/sleep.hpp"
#include "hocket/aio/to_thread.hpp"
#include "hocket/core/errors.hpp"
#include "hocket/sync/event.hpp"
#include "hocket/sync/lock.hpp"

namespace hocket {
namespace {

constexpr std::uint64_t kAtPosition = detail::FileOperation::kAtPosition;
constexpr std::size_t kAtOnce = 64 * 1024;  // copied on the loop's own thread, if it is in memory

[[noreturn]] void throw_error(int error, const char* what, const std::filesystem::path& path) {
    throw std::system_error(error, std::generic_category(),
                            "hocket: " + std::string(what) + " '" + path.string() + "'");
}
[[noreturn]] void throw_errno(const char* what, const std::filesystem::path& path) { throw_error(errno, what, path); }

int flags_of(FileMode mode) {
    switch (mode) {
        case FileMode::read:
            return O_RDONLY;
        case FileMode::write:
            return O_WRONLY | O_CREAT | O_TRUNC;
        case FileMode::append:
            return O_WRONLY | O_CREAT | O_APPEND;
        case FileMode::read_write:
            return O_RDWR | O_CREAT;
        case FileMode::create:
            return O_WRONLY | O_CREAT | O_EXCL;
    }
    throw std::invalid_argument("hocket: File::open() with a mode that does not exist");
}

}  // namespace

// The descriptor and the system calls on it, which the executor's threads make, unless the loop's back end has them
// done or they need no waiting.
class File::Handle {
public:
    Handle(std::filesystem::path path, int flags, unsigned permissions)
        : path_(std::move(path)), fd_(::open(path_.c_str(), flags | O_CLOEXEC, permissions)) {
        if (fd_ < 0) throw_errno("cannot open", path_);
        struct stat found {};
        regular_ = ::fstat(fd_, &found) == 0 && S_ISREG(found.st_mode);
    }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    ~Handle() {
        if (fd_ >= 0) ::close(fd_);
    }
    const std::filesystem::path& path() const noexcept { return path_; }
    int fd() const noexcept { return fd_; }
    /// Held by operations at the position, which take turns: in a regular file, all of them; in a pipe or the like,
    /// which has none, those of one direction, since a read may wait there for what a write brings.
    Lock& reading() noexcept { return reading_; }
    Lock& writing() noexcept { return regular_ ? reading_ : writing_; }
    /// What was read by read_line() and not yet given. For who holds reading().
    std::string& ahead() noexcept { return ahead_; }
    /// Whether the back end of `loop` does the operations: pipes and the like are for threads.
    bool by_kernel(EventLoop& loop) const noexcept { return regular_ && loop.backend().does_files(); }

    /// Reads what is in memory, without waiting for the disk; nothing if that cannot be had so.
    std::optional<std::size_t> try_read(std::span<char> room, std::uint64_t offset) const noexcept {
        const iovec memory{room.data(), room.size()};
        const ssize_t got = ::preadv2(fd_, &memory, 1, static_cast<off_t>(offset), RWF_NOWAIT);
        if (got < 0) return std::nullopt;
        return static_cast<std::size_t>(got);
    }
    std::size_t read_into(std::span<char> room, std::uint64_t offset) const {
        const bool at_position = offset == kAtPosition;
        ssize_t got = 0;
        do {
            got = at_position ? ::read(fd_, room.data(), room.size())
                              : ::pread(fd_, room.data(), room.size(), static_cast<off_t>(offset));
        } while (got < 0 && errno == EINTR);
        if (got < 0) throw_errno("cannot read", path_);
        return static_cast<std::size_t>(got);
    }

    std::string read(std::size_t max) const {
        std::string data(max, '\0');
        data.resize(read_into(data, kAtPosition));
        return data;
    }
    /// What the size says, and one more byte to see the end; files of /proc say 0.
    std::size_t room_for_rest(std::size_t have) const {
        constexpr std::size_t kMore = 16 * 1024;
        const std::uint64_t expected = size();
        return expected > have ? static_cast<std::size_t>(expected - have) + 1 : kMore;
    }
    std::string read_all() const {
        std::string data;
        for (;;) {
            std::string more = read(room_for_rest(data.size()));
            if (more.empty()) return data;
            if (data.empty()) {
                data = std::move(more);
            } else {
                data += more;
            }
        }
    }
    template <class Write>
    void write(const std::string& data, Write write) const {
        std::size_t written = 0;
        while (written < data.size()) {
            const ssize_t now = write(data.data() + written, data.size() - written, written);
            if (now < 0 && errno == EINTR) continue;
            if (now < 0) throw_errno("cannot write to", path_);
            written += static_cast<std::size_t>(now);
        }
    }
    void write(const std::string& data) const {
        write(data, [this](const char* from, std::size_t size, std::size_t) { return ::write(fd_, from, size); });
    }
    void write_at(std::uint64_t offset, const std::string& data) const {
        write(data, [this, offset](const char* from, std::size_t size, std::size_t written) {
            return ::pwrite(fd_, from, size, static_cast<off_t>(offset + written));
        });
    }
    void sync() const {
        if (::fsync(fd_) != 0) throw_errno("cannot sync", path_);
    }
    std::uint64_t size() const {
        struct stat found {};
        if (::fstat(fd_, &found) != 0) throw_errno("cannot get the size of", path_);
        return static_cast<std::uint64_t>(found.st_size);
    }
    void close() {
        // Closed whatever close(2) says, EINTR included.
        if (::close(std::exchange(fd_, -1)) != 0 && errno != EINTR) throw_errno("on closing", path_);
    }

    class Use;
    /// Waits for the end of the operations under way; no more may begin.
    Task<void> unused() {
        last_ = true;
        if (uses_ > 0) co_await unused_.async_wait();
    }

private:
    std::filesystem::path path_;
    int fd_;
    bool regular_ = false;
    bool last_ = false;  // no more operations will begin
    int uses_ = 0;       // operations under way
    Event unused_;
    Lock reading_{"position of a file"};
    Lock writing_{"end of a pipe"};
    std::string ahead_;
};

// One operation, for its whole length: the file stays open.
class File::Handle::Use {
public:
    explicit Use(const File& file) : handle_(file.checked()) { ++handle_->uses_; }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    ~Use() {
        if (--handle_->uses_ == 0 && handle_->last_) handle_->unused_.set();
    }
    Handle& operator*() const noexcept { return *handle_; }
    Handle* operator->() const noexcept { return handle_.get(); }

private:
    const std::shared_ptr<Handle> handle_;
};

namespace {

// Where an operation of io_uring in a regular file begins: an offset, or the file's position, which moves past what was
// done. (io_uring can work at the position itself, but after a short write leaves it where it was.)
class Place {
public:
    Place(int fd, std::uint64_t offset) noexcept : fd_(fd), next_(offset) {
        if (offset != kAtPosition) return;
        const off_t position = ::lseek(fd, 0, SEEK_CUR);
        if (position < 0) return;  // some files of the kernel cannot tell: at the position, then
        next_ = static_cast<std::uint64_t>(position);
        moves_ = true;
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() {
        if (moves_) ::lseek(fd_, static_cast<off_t>(next_), SEEK_SET);
    }
    std::uint64_t next() const noexcept { return next_; }
    void advance(std::size_t size) noexcept {
        if (next_ != kAtPosition) next_ += size;
    }

private:
    const int fd_;
    std::uint64_t next_;
    bool moves_ = false;
};

}  // namespace

std::shared_ptr<File::Handle> File::checked() const {
    if (!handle_) throw InvalidStateError("hocket: this File is not open");
    return handle_;
}

const std::filesystem::path& File::path() const { return checked()->path(); }

Task<File> File::open(std::filesystem::path path, FileMode mode, unsigned permissions) {
    const auto open = [](std::filesystem::path path, FileMode mode, unsigned permissions) {
        return std::make_shared<Handle>(std::move(path), flags_of(mode), permissions);
    };
    co_return File(co_await to_thread(open, std::move(path), mode, permissions));
}

// ---- reading

Task<std::size_t> File::read_some(Handle& file, std::span<char> room, std::uint64_t offset) {
    EventLoop& loop = EventLoop::current();
    if (room.size() <= kAtOnce) {
        if (!loop.spend_budget()) co_await yield_now();
        detail::refuse_if_cancelled();
        if (const auto got = file.try_read(room, offset)) co_return *got;
    }
    if (file.by_kernel(loop)) {
        Place place(file.fd(), offset);
        const std::int64_t got = co_await detail::FileCall(loop.backend(), file.fd(), detail::FileVerb::read,
                                                           room.data(), room.size(), place.next());
        if (got == -ECANCELED) loop.current_task()->throw_cancelled();
        if (got < 0) throw_error(static_cast<int>(-got), "cannot read", file.path());
        place.advance(static_cast<std::size_t>(got));
        co_return static_cast<std::size_t>(got);
    }
    const auto read = [](Handle* given, std::span<char> into, std::uint64_t at) { return given->read_into(into, at); };
    co_return co_await to_thread(read, &file, room, offset);
}

Task<std::string> File::read(std::size_t max) {
    const Handle::Use file(*this);
    const auto turn = co_await file->reading().async_lock();
    std::string data(max, '\0');
    const std::size_t size = co_await read_some(*file, data, kAtPosition);
    data.resize(size);
    co_return data;
}

Task<std::string> File::read_at(std::uint64_t offset, std::size_t max) {
    const Handle::Use file(*this);
    std::string data(max, '\0');
    std::size_t size = 0;
    while (size < max) {
        const std::size_t got = co_await read_some(*file, std::span(data).subspan(size), offset + size);
        if (got == 0) break;
        size += got;
    }
    data.resize(size);
    co_return data;
}

Task<std::string> File::read_all() {
    const Handle::Use file(*this);
    const auto turn = co_await file->reading().async_lock();
    if (!file->by_kernel(EventLoop::current()) && file->size() > kAtOnce) {
        const auto read = [](const Handle* given) { return given->read_all(); };
        co_return co_await to_thread(read, &*file);
    }
    std::string data;
    for (;;) {
        const std::size_t have = data.size();
        data.resize(have + file->room_for_rest(have));
        const std::size_t got = co_await read_some(*file, std::span(data).subspan(have), kAtPosition);
        data.resize(have + got);
        if (got == 0) co_return data;
    }
}

Task<std::optional<std::string>> File::read_line(std::size_t limit) {
    const Handle::Use file(*this);
    const auto turn = co_await file->reading().async_lock();
    std::string& ahead = file->ahead();
    std::size_t searched = 0;
    for (;;) {
        const std::size_t end = ahead.find('\n', searched);
        if (end != std::string::npos && end <= limit) {
            std::string line = ahead.substr(0, end);
            ahead.erase(0, end + 1);
            co_return line;
        }
        searched = ahead.size();
        if (std::min(end, searched) > limit) {
            throw std::length_error("hocket: a line of '" + file->path().string() + "' is longer than " +
                                    std::to_string(limit) + " bytes");
        }
        std::string more(kChunk, '\0');
        const std::size_t got = co_await read_some(*file, more, kAtPosition);
        if (got == 0) {
            if (ahead.empty()) co_return std::nullopt;
            co_return std::exchange(ahead, {});
        }
        ahead.append(more, 0, got);
    }
}

// ---- writing

Task<void> File::write_by_kernel(Handle& file, std::string data, std::uint64_t offset) {
    EventLoop& loop = EventLoop::current();
    Place place(file.fd(), offset);
    std::size_t written = 0;
    while (written < data.size()) {
        const std::int64_t now = co_await detail::FileCall(loop.backend(), file.fd(), detail::FileVerb::write,
                                                           data.data() + written, data.size() - written, place.next());
        if (now == -ECANCELED) loop.current_task()->throw_cancelled();
        if (now < 0) throw_error(static_cast<int>(-now), "cannot write to", file.path());
        written += static_cast<std::size_t>(now);
        place.advance(static_cast<std::size_t>(now));
    }
}

Task<void> File::write(std::string data) {
    const Handle::Use file(*this);
    const auto turn = co_await file->writing().async_lock();
    if (file->by_kernel(EventLoop::current())) {
        co_await write_by_kernel(*file, std::move(data), kAtPosition);
        co_return;
    }
    const auto write = [](const Handle* given, const std::string& text) { given->write(text); };
    co_await to_thread(write, &*file, std::move(data));
}

Task<void> File::write_at(std::uint64_t offset, std::string data) {
    const Handle::Use file(*this);
    if (file->by_kernel(EventLoop::current())) {
        co_await write_by_kernel(*file, std::move(data), offset);
        co_return;
    }
    const auto write = [](const Handle* given, std::uint64_t at, const std::string& text) {
        given->write_at(at, text);
    };
    co_await to_thread(write, &*file, offset, std::move(data));
}

Task<void> File::sync() {
    const Handle::Use file(*this);
    EventLoop& loop = EventLoop::current();
    if (file->by_kernel(loop)) {
        const std::int64_t result = co_await detail::FileCall(loop.backend(), file->fd(), detail::FileVerb::sync);
        if (result == -ECANCELED) loop.current_task()->throw_cancelled();
        if (result < 0) throw_error(static_cast<int>(-result), "cannot sync", file->path());
        co_return;
    }
    const auto sync = [](const Handle* given) { given->sync(); };
    co_await to_thread(sync, &*file);
}

Task<std::uint64_t> File::size() {
    const Handle::Use file(*this);
    const auto size = [](const Handle* given) { return given->size(); };
    co_return co_await to_thread(size, &*file);
}

Task<void> File::close() {
    const std::shared_ptr<Handle> file = checked();
    handle_ = nullptr;
    co_await file->unused();
    const auto close = [](Handle* given) { given->close(); };
    co_await to_thread(close, file.get());
}

Task<std::string> read_file(std::filesystem::path path) {
    File file = co_await File::open(std::move(path));
    co_return co_await file.read_all();
}

Task<void> write_file(std::filesystem::path path, std::string data) {
    File file = co_await File::open(std::move(path), FileMode::write);
    co_await file.write(std::move(data));
    co_await file.close();
}

Task<void> append_file(std::filesystem::path path, std::string data) {
    File file = co_await File::open(std::move(path), FileMode::append);
    co_await file.write(std::move(data));
    co_await file.close();
}

}  // namespace hocket
