#include "hocket/core/detail/party.hpp"

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

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

ThreadRecord& ThreadRecord::current() {
    thread_local ThreadRecord record;
    return record;
}

ThreadRecord::ThreadRecord() : id_(next_party_id()), native_id_(static_cast<pid_t>(::syscall(SYS_gettid))) {
    static std::uint64_t made = 0;
    std::scoped_lock guard(mutex());
    name_ = native_id_ == ::getpid() ? "MainThread" : "Thread-" + std::to_string(++made);
    all().push_back(this);
}

ThreadRecord::~ThreadRecord() {
    std::scoped_lock guard(mutex());
    std::erase(all(), this);
}

std::string ThreadRecord::name() const {
    std::scoped_lock guard(mutex());
    return name_;
}

void ThreadRecord::set_name(std::string_view name) {
    constexpr std::size_t kRoom = 15;
    // The kernel's name of the main thread is that of the process, which is not ours to change.
    if (native_id_ != ::getpid()) ::pthread_setname_np(::pthread_self(), std::string(name.substr(0, kRoom)).c_str());
    std::scoped_lock guard(mutex());
    name_ = name;
}

PartyId introduce_thread() noexcept {
    const PartyId id = ThreadRecord::current().id();
    thread_party = id;
    return id;
}

}  // namespace hocket::detail
