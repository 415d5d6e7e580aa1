#include "hocket/process/detail/robust_lock.hpp"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <system_error>

#include "hocket/core/detail/spin_wait.hpp"
#include "shared_futex.hpp"

namespace hocket::detail {
namespace {

// glibc's, on 64 bits.
constexpr std::ptrdiff_t kWordBeforeNext = 32;
static_assert(offsetof(pthread_mutex_t, __data.__list.__next) - offsetof(pthread_mutex_t, __data.__lock) ==
                  kWordBeforeNext &&
              offsetof(pthread_mutex_t, __data.__list.__prev) ==
                  offsetof(pthread_mutex_t, __data.__list.__next) - sizeof(void*));

// An entry of the list is the address of a `next` pointer, whose lowest bit may be a flag; `previous` lies before it.
void*& next_of(void* entry) noexcept { return *static_cast<void**>(entry); }
void*& previous_of(void* entry) noexcept {
    return static_cast<void**>(
        reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(entry) & ~std::uintptr_t{1}))[-1];
}

robust_list_head* own_head() noexcept {
    robust_list_head* head = nullptr;
    std::size_t size = 0;
    if (::syscall(SYS_get_robust_list, 0, &head, &size) != 0 || size != sizeof(robust_list_head)) return nullptr;
    return head;
}

// Whether the C library links its own robust mutexes in the way in which we link ours.
bool knows_our_layout() noexcept {
    robust_list_head* const head = own_head();
    if (!head || head->futex_offset != -kWordBeforeNext) return false;
    pthread_mutexattr_t attributes;
    pthread_mutex_t first, second;
    ::pthread_mutexattr_init(&attributes);
    ::pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    ::pthread_mutex_init(&first, &attributes);
    ::pthread_mutex_init(&second, &attributes);
    void* const entries[3] = {&first.__data.__list.__next, &second.__data.__list.__next, &head->list};
    void* const before = next_of(entries[2]);
    ::pthread_mutex_lock(&first);
    ::pthread_mutex_lock(&second);
    const bool as_expected = next_of(entries[2]) == entries[1] && next_of(entries[1]) == entries[0] &&
                             next_of(entries[0]) == before && previous_of(entries[1]) == entries[2] &&
                             previous_of(entries[0]) == entries[1];
    ::pthread_mutex_unlock(&second);
    ::pthread_mutex_unlock(&first);
    ::pthread_mutex_destroy(&second);
    ::pthread_mutex_destroy(&first);
    ::pthread_mutexattr_destroy(&attributes);
    return as_expected;
}

using namespace std::chrono_literals;
constexpr auto kImpatientAfter = 500us;
constexpr auto kGiveWayFor = 1ms;

}  // namespace

// The calling thread's list and id. The kernel reads the list when the thread is dead, so only the order in which this
// thread writes to it matters: signal fences keep the compiler to it.
class RobustLock::ThreadList {
public:
    static ThreadList& of_this_thread() {
        if (list_.head_ == nullptr) [[unlikely]]
            list_.find();
        return list_;
    }
    std::uint32_t id() const noexcept { return id_; }
    // From here to done(), the thread is taking or giving back `lock`.
    void about_to_change(RobustLock& lock) noexcept {
        head_->list_op_pending = reinterpret_cast<robust_list*>(&lock.next_);
        std::atomic_signal_fence(std::memory_order_seq_cst);
    }
    void done() noexcept {
        std::atomic_signal_fence(std::memory_order_seq_cst);
        head_->list_op_pending = nullptr;
    }
    void add(RobustLock& lock) noexcept {
        void* const entry = &lock.next_;
        void* const first = head_->list.next;
        lock.next_ = first;
        lock.previous_ = &head_->list;
        previous_of(first) = entry;
        std::atomic_signal_fence(std::memory_order_seq_cst);
        head_->list.next = static_cast<robust_list*>(entry);
    }
    void remove(RobustLock& lock) noexcept {
        previous_of(lock.next_) = lock.previous_;
        next_of(lock.previous_) = lock.next_;
        std::atomic_signal_fence(std::memory_order_seq_cst);
    }

private:
    void find() {
        static_assert(offsetof(RobustLock, word_) == 0 && offsetof(RobustLock, next_) == kWordBeforeNext &&
                      offsetof(RobustLock, previous_) == kWordBeforeNext - sizeof(void*));
        static const bool usable = knows_our_layout();
        robust_list_head* const head = usable ? own_head() : nullptr;
        if (!head) {
            throw std::system_error(ENOTSUP, std::generic_category(),
                                    "hocket: locks between processes need the robust mutexes of glibc, which this "
                                    "program does not run with");
        }
        // A thread that forks has another id in the child, where it holds nothing.
        static const int registered = ::pthread_atfork(nullptr, nullptr, [] { list_.head_ = nullptr; });
        (void)registered;
        id_ = static_cast<std::uint32_t>(::syscall(SYS_gettid));
        head_ = head;
    }
    static thread_local constinit ThreadList list_;
    robust_list_head* head_ = nullptr;
    std::uint32_t id_ = 0;
};

thread_local constinit RobustLock::ThreadList RobustLock::ThreadList::list_;

bool RobustLock::owned() const { return owner() == ThreadList::of_this_thread().id(); }

// Takes the lock if `word`, which was read from it, says that it is free, and still holds; else `late`, and `word` may
// be newer. Between about_to_change() and done().
RobustLock::Result RobustLock::take(ThreadList& list, std::uint32_t& word, std::uint32_t flags) {
    if ((word & kOwner) != 0) return Result::late;
    if (!word_.compare_exchange_strong(word, list.id() | (word & kSleepers) | flags, std::memory_order_acquire,
                                       std::memory_order_relaxed))
        return Result::late;
    list.add(*this);
    return (word & kOwnerDied) != 0 ? Result::taken_from_dead : Result::taken;
}

RobustLock::Result RobustLock::try_lock() {
    ThreadList& list = ThreadList::of_this_thread();
    std::uint32_t word = word_.load(std::memory_order_relaxed);
    if ((word & kOwner) == list.id()) return Result::mine;
    list.about_to_change(*this);
    const Result result = take(list, word, 0);
    list.done();
    return result;
}

RobustLock::Result RobustLock::lock(TimePoint deadline, std::source_location where, Cancellation cancellation) {
    ThreadList& list = ThreadList::of_this_thread();
    std::uint32_t word = 0;
    Result result = Result::late;
    if (impatient_.load(std::memory_order_relaxed) == 0) [[likely]] {
        list.about_to_change(*this);
        result = take(list, word, 0);
        list.done();
    }
    if (result == Result::late) result = lock_slowly(list, deadline, where, cancellation);
    return result;
}

// Lets those go first that have waited for long, unless they take too long for that.
void RobustLock::give_way() noexcept {
    if (impatient_.load(std::memory_order_relaxed) == 0) return;
    const auto enough = std::chrono::steady_clock::now() + kGiveWayFor;
    while (impatient_.load(std::memory_order_relaxed) != 0) {
        if (std::chrono::steady_clock::now() >= enough) return impatient_.store(0, std::memory_order_relaxed);
        ::sched_yield();
    }
}

RobustLock::Result RobustLock::lock_slowly(ThreadList& list, TimePoint deadline, std::source_location where,
                                           Cancellation cancellation) {
    // Waking a sleeper costs as much as many short critical sections, so that first we spin; less and less often, which
    // leaves the one who has the lock the time to take it several times before what it guards moves to our processor.
    constexpr int kFirstPauses = 4, kMostPauses = 256, kRounds = 24;
    std::uint32_t word = word_.load(std::memory_order_relaxed);
    const bool mine = (word & kOwner) == list.id();
    if (mine && deadline == kNever) return Result::mine;
    if (!mine) give_way();
    int pauses = kFirstPauses;
    for (int round = 0; can_spin() && !mine && round < kRounds; ++round) {
        if ((word & kOwner) == 0) {
            list.about_to_change(*this);
            const Result result = take(list, word, 0);
            list.done();
            if (result != Result::late) return result;
        }
        for (int i = 0; i < pauses; ++i) pause_spinning();
        pauses = std::min(2 * pauses, kMostPauses);
        word = word_.load(std::memory_order_relaxed);
    }
    SharedSleep sleeper(where, cancellation == Cancellation::ends_wait ? Cancellable::yes : Cancellable::no);
    // All the time that it sleeps: if it is woken and killed before anybody has taken the lock, the kernel wakes
    // another.
    list.about_to_change(*this);
    std::uint32_t flags = 0;
    const TimePoint since = std::chrono::steady_clock::now();
    bool impatient = false;
    for (;;) {
        word = word_.load(std::memory_order_relaxed);
        if ((word & kOwner) == 0) {
            const Result result = take(list, word, flags);
            if (result != Result::late) {
                list.done();
                if (impatient) impatient_.store(0, std::memory_order_relaxed);
                return result;
            }
            continue;
        }
        if (!mine && flags != 0 && std::chrono::steady_clock::now() - since >= kImpatientAfter) {
            impatient = true;
            impatient_.store(1, std::memory_order_relaxed);
        }
        if ((word & kSleepers) == 0 && !word_.compare_exchange_strong(word, word | kSleepers, std::memory_order_relaxed,
                                                                      std::memory_order_relaxed))
            continue;
        const auto outcome = sleeper.sleep(word_, word | kSleepers, std::min(deadline, deadline_after(kLookAgain)));
        flags = kSleepers;  // others may still sleep, whom only the one who takes the lock now can have woken
        const bool cancelled = outcome == SharedSleep::Outcome::cancelled;
        if (!cancelled && (outcome != SharedSleep::Outcome::timed_out || std::chrono::steady_clock::now() < deadline))
            continue;
        // If a wake-up came for us at the same moment, it is the next one's.
        wake_shared(word_, 1);
        list.done();
        if (impatient) impatient_.store(0, std::memory_order_relaxed);
        return cancelled ? Result::cancelled : Result::late;
    }
}

void RobustLock::unlock() noexcept {
    ThreadList& list = ThreadList::of_this_thread();
    list.about_to_change(*this);
    list.remove(*this);
    if ((word_.exchange(0, std::memory_order_release) & kSleepers) != 0) wake_shared(word_, 1);
    list.done();
}

void RobustLock::throw_cancelled() { ThreadCanceller::current()->throw_cancelled(); }

}  // namespace hocket::detail
