// Parties: who owns things and who waits for them. A party is a thread, a task, or a job that a pool's worker runs.
#pragma once
#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "hocket/core/detail/scheduler.hpp"
#include "hocket/core/detail/task_context.hpp"

namespace hocket::detail {

/// Unique in this process and never used again; 0 is nobody. That of a task has the mark of its scheduler in the upper
/// bits, so that it can be told whose thread it needs; the highest bits are left to those who store flags beside it.
using PartyId = std::uint64_t;
inline constexpr int kPartyFlagBits = 3;
/// The id without the mark, as it is shown.
constexpr std::uint64_t number_of(PartyId party) noexcept { return party & ((PartyId{1} << kMarkShift) - 1); }
/// What stands for the thread of the scheduler that the party, a task, runs on; 0 for other parties.
constexpr PartyId home_of(PartyId party) noexcept { return party >> kMarkShift << kMarkShift; }

/// A new id. Threads take them in blocks, so that this touches no shared cache line.
PartyId next_party_id() noexcept;

/// What the library knows of a thread: made before a thread of ours starts, otherwise when the thread first owns
/// something or waits; no longer listed when the thread is gone. In the child of a fork() the thread that has called
/// it goes on with its record, under the kernel's new id, and the others are not listed.
class ThreadRecord {
public:
    /// That of the calling thread.
    static ThreadRecord& current() { return current_ ? *current_ : introduce(); }
    /// For a thread that is about to be started; an empty name stands for "Thread-<number>". Listed from now on.
    ThreadRecord(std::string_view name, bool daemon);
    ThreadRecord(const ThreadRecord&) = delete;
    ThreadRecord& operator=(const ThreadRecord&) = delete;
    ~ThreadRecord();

    PartyId id() const noexcept { return id_; }
    /// Blocks for the moment until a thread that was just started runs.
    pid_t native_id() const noexcept;
    /// Whether it was started as one that the program does not wait for.
    bool daemon() const noexcept { return daemon_; }
    /// The given name, "MainThread", or "Thread-<number>". Any thread that has a reason to know that the record is
    /// alive.
    std::string name() const;
    /// Names the calling thread, for the kernel too (/proc/self/task/<native id>/comm, which has room for 15 bytes).
    void set_name(std::string_view name);
    /// This is the record of the calling thread, which was started for it, from now on.
    void begin() noexcept;
    /// The thread could not be started.
    void never_begins() noexcept;
    /// The calling thread is about to end: it is no longer listed. Should it use the library again, it gets another
    /// record.
    void end() noexcept;
    /// After end(): the calling thread goes by this record again, until the record's destructor, without being listed.
    void come_back() noexcept;

    /// Calls `see` with the record and the name of each live thread, oldest first; none of them ends meanwhile.
    template <class See>
    static void for_each(See&& see) {
        std::scoped_lock guard(mutex());
        for (const ThreadRecord* record : all()) {
            if (record->native_id() > 0) see(*record, record->name_);
        }
    }

private:
    class OfForeignThread;
    class AcrossFork;
    static ThreadRecord& introduce();
    void adopt() noexcept;
    void show_name() const noexcept;
    void unlist() noexcept;
    static std::mutex& mutex();
    static std::vector<ThreadRecord*>& all();
    const PartyId id_;
    const bool daemon_ = false;
    std::atomic<pid_t> native_id_{0};  // 0: not running yet
    std::string name_;                 // under mutex()
    static thread_local constinit ThreadRecord* current_;
};

/// The party that runs on this thread outside of tasks: the thread itself or the innermost job; 0 until asked for.
inline thread_local constinit PartyId thread_party = 0;

/// Gives the calling thread its record, and returns its id.
PartyId introduce_thread() noexcept;

/// The party that runs on this thread right now.
inline PartyId current_party() noexcept {
    if (const Scheduler* scheduler = Scheduler::current()) {
        if (const TaskContext* task = scheduler->current_task()) return task->party();
    }
    return thread_party != 0 ? thread_party : introduce_thread();
}

}  // namespace hocket::detail
