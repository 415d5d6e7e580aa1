// Lists of jobs and errors of jobs, which a pool makes without fail.
#pragma once
#include <cstddef>
#include <exception>

#include "hocket/process/detail/remote_job.hpp"

namespace hocket::detail {

/// A list of jobs through their own links, first come, first served.
class JobQueue {
public:
    bool empty() const noexcept { return !first_; }
    std::size_t size() const noexcept { return size_; }
    RemoteJob* front() const noexcept { return first_; }
    void push_back(RemoteJob& job) noexcept;
    void push_front(RemoteJob& job) noexcept;
    void remove(RemoteJob& job) noexcept;
    /// Takes over all of `others`, before its own.
    void put_before(JobQueue& others) noexcept;

private:
    RemoteJob* first_ = nullptr;
    RemoteJob* last_ = nullptr;
    std::size_t size_ = 0;
};

/// Jobs that are over and have their outcome, to be completed without the pool's lock. Needs no memory.
class FailedJobs {
public:
    /// Under the pool's lock. It is in no other queue.
    void add(RemoteJob& job, std::exception_ptr error, bool cancelled) noexcept;
    void complete() noexcept;
    bool empty() const noexcept { return failed_.empty() && cancelled_.empty(); }
    /// Takes over all of `others`.
    void take(FailedJobs& others) noexcept;

private:
    JobQueue failed_;
    JobQueue cancelled_;
};

/// The error that `make()` returns; where there is no memory for that, an error that says so.
template <class Make>
std::exception_ptr made_error(Make make) noexcept {
    try {
        return make();
    } catch (...) {
        return std::current_exception();
    }
}

}  // namespace hocket::detail
