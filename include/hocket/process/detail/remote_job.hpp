// A job of a ProcessPool: the call as it travels, and the state that its Futures share.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hocket/core/detail/frame_allocator.hpp"
#include "hocket/futures/detail/shared_state.hpp"
#include "hocket/process/detail/remote_call.hpp"
#include "hocket/process/detail/remote_exception.hpp"
#include "hocket/sync/semaphore.hpp"

namespace hocket::detail {

class ProcessPoolCore;

/// The function that a worker calls for a job: reads the arguments, writes the result.
using JobEntry = void (*)(PayloadReader& arguments, Payload& result);

/// How a job stands with its pool.
enum class JobPlace : std::uint8_t {
    pending,     ///< in the pool's queue
    handed_out,  ///< in the ring of a worker
    over,        ///< the pool is done with it
};

/// The part of a job that does not depend on the type of its result. `place` and what is beside it belong to the pool,
/// under its lock.
class RemoteJob {
public:
    RemoteJob(FunctionName entry, Payload payload) noexcept : entry(entry), payload(std::move(payload)) {}
    RemoteJob(const RemoteJob&) = delete;
    RemoteJob& operator=(const RemoteJob&) = delete;

    // What the pool completes it by, once, without its lock held: an outcome, then finish().
    /// The worker has written a result. `where` describes the worker.
    virtual void set_result(PayloadReader& result, const std::string& where) noexcept = 0;
    virtual void set_error(std::exception_ptr error) noexcept = 0;
    /// Wakes those who wait, calls back, and drops the pool's reference.
    virtual void finish(bool cancelled) noexcept = 0;
    void fail(std::exception_ptr error, bool cancelled) noexcept {
        set_error(std::move(error));
        finish(cancelled);
    }
    /// Prepares the worker instead of being somebody's job.
    virtual bool is_initializer() const noexcept { return false; }

    void set_room(std::shared_ptr<Semaphore> room) noexcept { room_ = std::move(room); }
    /// It has left the queue.
    void leave_queue() noexcept {
        if (room_) [[unlikely]]
            std::exchange(room_, nullptr)->release();
    }

    const FunctionName entry;
    Payload payload;
    JobPlace place = JobPlace::pending;
    bool cancel_requested = false;
    std::uint32_t runs = 0;      // that ended with the worker
    std::uint32_t worker = 0;    // by its serial number, if handed out
    std::uint32_t position = 0;  // in that worker's ring
    std::string cancel_reason;
    RemoteJob* next = nullptr;  // in the queue
    RemoteJob* previous = nullptr;

protected:
    ~RemoteJob() = default;

private:
    std::shared_ptr<Semaphore> room_;  // null: the queue is not bounded
};

/// How a result of type T is read. (Those of a chunk of map() are read by a specialisation.)
template <class T>
struct ResultReader {
    static T read(PayloadReader& result, const std::string&) { return read_value<T>(result); }
};

/// Asks the pool to cancel a job; false when that is over.
bool cancel_in_pool(ProcessPoolCore& pool, RemoteJob& job, std::string_view reason);
/// The calling thread is about to wait for the job: it looks out for the result for a moment if that pays.
void help_in_pool(ProcessPoolCore& pool, RemoteJob& job) noexcept;

template <class T>
class RemoteState final : public SharedState<T>, public RemoteJob {
public:
    /// Two references: the caller's and the pool's.
    RemoteState(std::shared_ptr<ProcessPoolCore> pool, FunctionName entry, Payload payload)
        : SharedState<T>(2), RemoteJob(entry, std::move(payload)), pool_(std::move(pool)) {}

    bool request_cancel(std::string_view reason) override {
        return !this->done() && cancel_in_pool(*pool_, *this, reason);
    }
    /// Not where somebody else waits: what is called back is called by the pool's thread.
    void help() override {
        if (!this->waiters_.has_waiters()) help_in_pool(*pool_, *this);
    }
    void set_result(PayloadReader& result, const std::string& where) noexcept override {
        try {
            if constexpr (std::is_void_v<T>) {
                this->outcome_.set_value();
            } else {
                this->outcome_.set_value(ResultReader<T>::read(result, where));
            }
        } catch (...) {
            this->outcome_.set_error(std::current_exception());
        }
    }
    void set_error(std::exception_ptr error) noexcept override { this->outcome_.set_error(std::move(error)); }
    void finish(bool cancelled) noexcept override {
        this->finish_completion(cancelled);
        this->drop_reference();
    }
    static void* operator new(std::size_t size) { return FrameHeap::allocate(size); }
    static void operator delete(void* state, std::size_t size) noexcept { FrameHeap::deallocate(state, size); }
    static void* operator new(std::size_t size, std::align_val_t alignment) { return ::operator new(size, alignment); }
    static void operator delete(void* state, std::size_t, std::align_val_t alignment) noexcept {
        ::operator delete(state, alignment);
    }

private:
    std::string description() const override { return "the result of a job in another process"; }
    void destroy() noexcept override {
        const std::exception_ptr error = this->outcome_.error();
        if (this->is_lost(error)) this->report_lost(error, "a job in another process");
        delete this;
    }

    std::shared_ptr<ProcessPoolCore> pool_;
};

}  // namespace hocket::detail
