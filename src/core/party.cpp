#include "hocket/core/detail/party.hpp"

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

#include "hocket/core/detail/thread_end.hpp"

namespace hocket::detail {

PartyId next_party_id() noexcept {
    constexpr PartyId kBlock = 1024;
    static std::atomic<PartyId> next_block{0};
    thread_local PartyId next = 0;
    if (next % kBlock == 0) next = next_block.fetch_add(kBlock, std::memory_order_relaxed);
    return ++next;
}

// Never destroyed: threads may end, and be looked at, after the static objects have gone.
std::mutex& ThreadRecord::mutex() {
    static auto* mutex = new std::mutex;
    return *mutex;
}
std::vector<ThreadRecord*>& ThreadRecord::all() {
    static auto* all = new std::vector<ThreadRecord*>;
    return *all;
}

thread_local constinit ThreadRecord* ThreadRecord::current_ = nullptr;

// A thread that the library did not start.
class ThreadRecord::OfForeignThread {
public:
    OfForeignThread() : record(gettid() == ::getpid() ? "MainThread" : "", false) { record.adopt(); }
    static pid_t gettid() noexcept { return static_cast<pid_t>(::syscall(SYS_gettid)); }
    ThreadRecord record;
};

// The child of a fork() has the calling thread only, and the kernel has given it another id.
class ThreadRecord::AcrossFork {
public:
    AcrossFork() noexcept { ::pthread_atfork(before, in_parent, in_child); }

private:
    static void before() noexcept { mutex().lock(); }
    static void in_parent() noexcept { mutex().unlock(); }
    static void in_child() noexcept {
        std::erase_if(all(), [](const ThreadRecord* record) { return record != current_; });
        if (current_) current_->native_id_.store(OfForeignThread::gettid(), std::memory_order_release);
        mutex().unlock();
    }
};

ThreadRecord& ThreadRecord::introduce() { return UntilThreadEnd<OfForeignThread>::get().record; }

ThreadRecord::ThreadRecord(std::string_view name, bool daemon) : id_(next_party_id()), daemon_(daemon) {
    static const AcrossFork forks_are_seen;
    static std::uint64_t made = 0;
    std::scoped_lock guard(mutex());
    name_ = name.empty() ? "Thread-" + std::to_string(++made) : std::string(name);
    all().push_back(this);
}

ThreadRecord::~ThreadRecord() {
    if (current_ == this) {
        end();
    } else {
        unlist();
    }
}

void ThreadRecord::begin() noexcept {
    show_name();  // without the mutex, under which somebody may be waiting for the id below; nobody else writes the
                  // name
    adopt();
}

void ThreadRecord::show_name() const noexcept {
    char text[16] = {};  // the kernel has no more room
    name_.copy(text, sizeof text - 1);
    ::pthread_setname_np(::pthread_self(), text);
}

void ThreadRecord::adopt() noexcept {
    current_ = this;
    if (thread_party == 0) thread_party = id_;  // unless it runs a job already
    native_id_.store(OfForeignThread::gettid(), std::memory_order_release);
    native_id_.notify_all();
}

void ThreadRecord::never_begins() noexcept {
    native_id_.store(-1, std::memory_order_release);
    native_id_.notify_all();  // threads() may be waiting for it, under the mutex that the destructor needs
}

void ThreadRecord::end() noexcept {
    unlist();
    current_ = nullptr;
    thread_party = 0;
}

void ThreadRecord::come_back() noexcept { current_ = this; }

void ThreadRecord::unlist() noexcept {
    std::scoped_lock guard(mutex());
    std::erase(all(), this);
}

pid_t ThreadRecord::native_id() const noexcept {
    native_id_.wait(0, std::memory_order_acquire);
    return native_id_.load(std::memory_order_acquire);
}

std::string ThreadRecord::name() const {
    std::scoped_lock guard(mutex());
    return name_;
}

void ThreadRecord::set_name(std::string_view name) {
    std::scoped_lock guard(mutex());
    name_ = name;
    // The kernel's name of the main thread is that of the process, which is not ours to change.
    if (OfForeignThread::gettid() != ::getpid()) show_name();
}

PartyId introduce_thread() noexcept {
    const PartyId id = ThreadRecord::current().id();
    thread_party = id;
    return id;
}

}  // namespace hocket::detail
