// A library to be preloaded that delays system calls and the like at random, so that a test that guesses who is first
// guesses wrong: ./test --shake. One call in HOCKET_SHAKE_ONE_IN (4), before or after it, by up to HOCKET_SHAKE_MAX_US
// (5000) microseconds, most by a twentieth of that; HOCKET_SHAKE_SEED changes which ones, but for the same threads in
// the same order only.
#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace {

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

// Calls may come before this library is initialised, and after.
struct Settings {
    std::uint64_t seed = setting("HOCKET_SHAKE_SEED", 1);
    std::uint64_t one_in = setting("HOCKET_SHAKE_ONE_IN", 4);
    std::uint64_t max_us = setting("HOCKET_SHAKE_MAX_US", 5000);
};
const Settings& settings() {
    alignas(Settings) static unsigned char memory[sizeof(Settings)];
    static const Settings* const made = new (memory) Settings();
    return *made;
}

// Marsaglia's xorshift64*.
std::uint64_t random_number() noexcept {
    static std::atomic<std::uint64_t> threads{0};
    static thread_local std::uint64_t state = (settings().seed + threads.fetch_add(1)) * 0x9e3779b97f4a7c15U | 1U;
    state ^= state << 13U;
    state ^= state >> 7U;
    state ^= state << 17U;
    return state * 0x2545f4914f6cdd1dU >> 11U;
}

void shake() noexcept {
    if (random_number() % settings().one_in != 0) return;
    const int error = errno;
    const std::uint64_t most = random_number() % 4 == 0 ? settings().max_us : settings().max_us / 20;
    const timespec time{0, static_cast<long>(random_number() % (most + 1) * 1000)};
    ::clock_nanosleep(CLOCK_MONOTONIC, 0, &time, nullptr);
    errno = error;
}

template <class F>
F* real(const char* name) {
    return reinterpret_cast<F*>(::dlsym(RTLD_NEXT, name));
}

struct Start {
    void* (*function)(void*);
    void* argument;
};
void* begin(void* given) {
    const Start start = *static_cast<Start*>(given);
    delete static_cast<Start*>(given);
    shake();
    return start.function(start.argument);
}

}  // namespace

#define HOCKET_SHAKEN(result, name, parameters, arguments)        \
    extern "C" result name parameters {                           \
        static auto* const call = real<result parameters>(#name); \
        shake();                                                  \
        const result got = call arguments;                        \
        shake();                                                  \
        return got;                                               \
    }

HOCKET_SHAKEN(ssize_t, read, (int fd, void* to, size_t size), (fd, to, size))
HOCKET_SHAKEN(ssize_t, write, (int fd, const void* from, size_t size), (fd, from, size))
HOCKET_SHAKEN(ssize_t, writev, (int fd, const iovec* from, int count), (fd, from, count))
HOCKET_SHAKEN(ssize_t, recv, (int fd, void* to, size_t size, int flags), (fd, to, size, flags))
HOCKET_SHAKEN(ssize_t, send, (int fd, const void* from, size_t size, int flags), (fd, from, size, flags))
HOCKET_SHAKEN(ssize_t, recvmsg, (int fd, msghdr* to, int flags), (fd, to, flags))
HOCKET_SHAKEN(ssize_t, sendmsg, (int fd, const msghdr* from, int flags), (fd, from, flags))
HOCKET_SHAKEN(int, accept4, (int fd, sockaddr* peer, socklen_t* size, int flags), (fd, peer, size, flags))
HOCKET_SHAKEN(int, connect, (int fd, const sockaddr* peer, socklen_t size), (fd, peer, size))
HOCKET_SHAKEN(int, poll, (pollfd * fds, nfds_t count, int limit), (fds, count, limit))
HOCKET_SHAKEN(int, epoll_wait, (int fd, epoll_event* events, int count, int limit), (fd, events, count, limit))
HOCKET_SHAKEN(int, epoll_pwait2,
              (int fd, epoll_event* events, int count, const timespec* limit, const sigset_t* signals),
              (fd, events, count, limit, signals))
HOCKET_SHAKEN(pid_t, waitpid, (pid_t pid, int* status, int options), (pid, status, options))
HOCKET_SHAKEN(int, kill, (pid_t pid, int signal) noexcept, (pid, signal))
HOCKET_SHAKEN(int, pthread_join, (pthread_t thread, void** result), (thread, result))
HOCKET_SHAKEN(int, pthread_mutex_lock, (pthread_mutex_t * mutex) noexcept, (mutex))
HOCKET_SHAKEN(int, pthread_mutex_unlock, (pthread_mutex_t * mutex) noexcept, (mutex))

// Futexes, io_uring.
extern "C" long syscall(long number, ...) noexcept {
    static auto* const call = real<long(long, ...)>("syscall");
    std::va_list list;
    va_start(list, number);
    long arguments[6];
    for (long& argument : arguments) argument = va_arg(list, long);
    va_end(list);
    shake();
    const long got = call(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
    shake();
    return got;
}

extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*function)(void*),
                              void* argument) noexcept {
    static auto* const call = real<decltype(pthread_create)>("pthread_create");
    auto* const start = new (std::nothrow) Start{function, argument};
    if (!start) return EAGAIN;
    shake();
    const int error = call(thread, attributes, begin, start);
    if (error != 0) delete start;
    return error;
}
