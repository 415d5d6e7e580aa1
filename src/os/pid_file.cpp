#include "hocket/os/pid_file.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <mutex>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "hocket/os/daemon_errors.hpp"
#include "os/locked_pid_file.hpp"

namespace hocket {
namespace detail {
namespace {

constexpr off_t kOpenFile = 0, kProcess = 1;  // the bytes that are locked

struct flock lock_of(off_t byte, short type) {
    struct flock lock {};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    lock.l_start = byte;
    lock.l_len = 1;
    return lock;
}

// The pid files of this process. Opening and closing one of them again would lose its lock, hence they are looked up
// here first. Never destroyed.
class Held {
public:
    struct Entry {
        dev_t device;
        ino_t inode;
        int fd;
    };
    static Held& instance() {
        static Held* held = new Held;
        return *held;
    }
    bool contains(const struct stat& file) {
        const std::scoped_lock guard(mutex_);
        return find(file) != entries_.end();
    }
    // False if it is there already.
    bool add(const struct stat& file, int fd) {
        const std::scoped_lock guard(mutex_);
        if (find(file) != entries_.end()) return false;
        entries_.push_back({file.st_dev, file.st_ino, fd});
        return true;
    }
    void remove(int fd) noexcept {
        const std::scoped_lock guard(mutex_);
        std::erase_if(entries_, [fd](const Entry& entry) { return entry.fd == fd; });
    }

private:
    Held() { ::pthread_atfork(before_fork, after_fork, in_child); }
    std::vector<Entry>::iterator find(const struct stat& file) {
        return std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
            return entry.device == file.st_dev && entry.inode == file.st_ino;
        });
    }
    static void before_fork() { instance().mutex_.lock(); }
    static void after_fork() { instance().mutex_.unlock(); }
    static void in_child() {
        Held& held = instance();
        for (const Entry& entry : held.entries_) ::close(entry.fd);
        held.entries_.clear();
        held.mutex_.unlock();
    }
    std::mutex mutex_;
    std::vector<Entry> entries_;
};

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& why) {
    throw std::system_error(EPERM, std::generic_category(),
                            "hocket: use " + path.string() + " as pid file: it " + why +
                                "; remove it, or choose a folder where only this user may write");
}

[[noreturn]] void throw_for(const std::filesystem::path& path, const std::string& attempted) {
    const int error = errno;
    std::string hint;
    if (error == ENOENT) hint = "; make its folder first";
    if (error == EACCES || error == EPERM || error == EROFS)
        hint = "; choose one in a folder where this user may write, such as $XDG_RUNTIME_DIR, or be root";
    throw std::system_error(error, std::generic_category(), "hocket: " + attempted + " " + path.string() + hint);
}

int open_without_tricks(const std::filesystem::path& path, int flags) {
    // It must not take the place of a standard stream that is closed: what is written there would go into the file.
    FdGuard streams[3];
    for (FdGuard& stream : streams) {
        stream = FdGuard(::open("/dev/null", O_RDWR | O_CLOEXEC));
        if (stream.get() < 0 || stream.get() > STDERR_FILENO) break;
    }
    // O_NONBLOCK: somebody's FIFO must not hold us up.
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0644);
    if (fd < 0 && errno == ELOOP) refuse(path, "is a symbolic link");
    return fd;
}

// Who has the lock of `byte`; l_type is F_UNLCK if nobody has.
struct flock who_locks(int fd, int command, off_t byte, const std::filesystem::path& path) {
    struct flock lock = lock_of(byte, F_WRLCK);
    if (::fcntl(fd, command, &lock) < 0) throw_for(path, "look at the lock of the pid file");
    return lock;
}

// Nobody: 0. Throws if it is somebody who cannot be told.
pid_t locking_process(int fd, const std::filesystem::path& path) {
    // A process that ends loses the locks one after the other, that of the process first.
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    for (;;) {
        const struct flock process = who_locks(fd, F_GETLK, kProcess, path);
        if (process.l_type == F_WRLCK && process.l_pid > 0) return process.l_pid;
        if (process.l_type == F_RDLCK)  // no daemon locks like this
            refuse(path, "is locked for reading by process " + std::to_string(process.l_pid));
        if (process.l_type != F_UNLCK) throw AlreadyRunningError(path, 0);
        if (who_locks(fd, F_OFD_GETLK, kOpenFile, path).l_type == F_UNLCK) return 0;
        if (std::chrono::steady_clock::now() > deadline) throw AlreadyRunningError(path, 0);
        const timespec moment{0, 1'000'000};
        ::nanosleep(&moment, nullptr);
    }
}

// For who locks a pid file: whoever of us closes the file loses the lock of the whole process.
std::mutex& one_at_a_time() {
    static auto* mutex = new std::mutex;
    return *mutex;
}

// Takes both locks of the file. If not, errno says why, and the one that it may have got goes when the file is closed.
bool lock_wholly(int fd) noexcept {
    struct flock process = lock_of(kProcess, F_WRLCK);
    struct flock open_file = lock_of(kOpenFile, F_WRLCK);
    return ::fcntl(fd, F_SETLK, &process) == 0 && ::fcntl(fd, F_OFD_SETLK, &open_file) == 0;
}

bool is_same_file(const struct stat& one, const struct stat& other) noexcept {
    return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

int open_pidfd(pid_t pid) { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); }

}  // namespace

LockedPidFile::LockedPidFile(std::filesystem::path path) : path_(std::move(path)), owner_(::getpid()) {
    const std::scoped_lock guard(one_at_a_time());
    // Again when the file was replaced, or its holder has ended, in between.
    while (!try_lock()) fd_.close();
    try {
        write_pid();
    } catch (...) {
        ::unlink(path_.c_str());
        Held::instance().remove(fd_.get());
        throw;
    }
}

LockedPidFile::~LockedPidFile() {
    if (::getpid() != owner_) {  // in a child, which has closed it
        fd_.release();
        return;
    }
    if (is_still_at_path()) ::unlink(path_.c_str());
    Held::instance().remove(fd_.get());
}

bool LockedPidFile::is_still_at_path() const {
    struct stat now {};
    return ::lstat(path_.c_str(), &now) == 0 && is_same_file(now, file_);
}

void LockedPidFile::check(const struct stat& file) const {
    if (!S_ISREG(file.st_mode)) refuse(path_, "is not a file");
    if (file.st_uid != ::geteuid() && file.st_uid != 0)
        refuse(path_, "belongs to the user " + std::to_string(file.st_uid));
    if (file.st_nlink > 1) refuse(path_, "has a second name");
}

bool LockedPidFile::try_lock() {
    struct stat before {};
    if (::lstat(path_.c_str(), &before) == 0 && Held::instance().contains(before))
        throw AlreadyRunningError(path_, ::getpid());
    fd_ = FdGuard(open_without_tricks(path_, O_RDWR | O_CREAT));
    if (fd_.get() < 0) throw_for(path_, "open the pid file");
    if (::fstat(fd_.get(), &file_) < 0) throw_for(path_, "look at the pid file");
    if (file_.st_nlink == 0) return false;  // removed by its last holder
    check(file_);
    if (!lock_wholly(fd_.get())) {
        if (errno != EAGAIN && errno != EACCES) throw_for(path_, "lock the pid file");
        if (const pid_t holder = locking_process(fd_.get(), path_); holder > 0 && holder != owner_)
            throw AlreadyRunningError(path_, holder);
        return false;
    }
    if (!is_still_at_path()) return false;
    if (!Held::instance().add(file_, fd_.get())) throw AlreadyRunningError(path_, owner_);
    return true;
}

void LockedPidFile::write_pid() {
    const std::string text = std::to_string(owner_) + "\n";
    // Whatever the umask was, and whatever somebody has made of it.
    if (file_.st_uid == ::geteuid() && ::fchmod(fd_.get(), 0644) < 0) throw_for(path_, "set the mode of the pid file");
    if (::pwrite(fd_.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()) ||
        ::ftruncate(fd_.get(), static_cast<off_t>(text.size())) < 0)
        throw_for(path_, "write the pid file");
}

void remove_stale(const std::filesystem::path& path) noexcept {
    try {
        const std::scoped_lock guard(one_at_a_time());
        struct stat found {};
        if (::lstat(path.c_str(), &found) < 0 || !S_ISREG(found.st_mode) || Held::instance().contains(found)) return;
        const FdGuard fd(open_without_tricks(path, O_RDWR));
        struct stat opened {};
        if (fd.get() < 0 || ::fstat(fd.get(), &opened) < 0 || !is_same_file(opened, found)) return;
        // Who holds it now is the next daemon. Who tries to looks whether it is still at its path when the lock is its.
        if (!lock_wholly(fd.get())) return;
        struct stat now {};
        if (::lstat(path.c_str(), &now) == 0 && is_same_file(now, opened)) ::unlink(path.c_str());
    } catch (const std::exception&) {  // it was replaced by something else
    }
}

PidFileHolder find_holder(const std::filesystem::path& path) {
    PidFileHolder holder;
    struct stat file {};
    if (::lstat(path.c_str(), &file) < 0) {
        if (errno == ENOENT) return holder;
        throw_for(path, "look at the pid file");
    }
    if (Held::instance().contains(file)) {
        holder.pid = ::getpid();
        holder.pidfd = FdGuard(open_pidfd(holder.pid));
        return holder;
    }
    const FdGuard fd(open_without_tricks(path, O_RDONLY));
    if (fd.get() < 0) {
        if (errno == ENOENT) return holder;
        throw_for(path, "open the pid file");
    }
    for (;;) {
        const pid_t pid = locking_process(fd.get(), path);
        if (pid == 0) return holder;
        FdGuard pidfd(open_pidfd(pid));
        if (pidfd.get() < 0) {
            if (errno == ESRCH) continue;
            throw_for(path, "watch process " + std::to_string(pid) + ", which holds the pid file");
        }
        // It has lived from before we opened its pidfd until now, so the number was not anybody else's.
        if (locking_process(fd.get(), path) != pid) continue;
        holder.pid = pid;
        holder.pidfd = std::move(pidfd);
        return holder;
    }
}

}  // namespace detail

namespace {

std::filesystem::path absolute_path(const std::filesystem::path& path) {
    if (path.empty()) throw std::invalid_argument("hocket: the pid file has no name: set DaemonOptions::pid_file");
    return std::filesystem::absolute(path);
}

}  // namespace

PidFile::PidFile(const std::filesystem::path& path)
    : file_(std::make_unique<detail::LockedPidFile>(absolute_path(path))) {}
PidFile::PidFile(PidFile&&) noexcept = default;
PidFile& PidFile::operator=(PidFile&&) noexcept = default;
PidFile::~PidFile() = default;

const std::filesystem::path& PidFile::path() const noexcept { return file_->path(); }

std::optional<pid_t> PidFile::holder(const std::filesystem::path& path) {
    const detail::PidFileHolder holder = detail::find_holder(absolute_path(path));
    return holder ? std::optional<pid_t>(holder.pid) : std::nullopt;
}

}  // namespace hocket
