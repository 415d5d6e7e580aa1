#include "process/pool_jobs.hpp"

#include <utility>

namespace hocket::detail {

void JobQueue::push_back(RemoteJob& job) noexcept {
    job.next = nullptr;
    job.previous = last_;
    (last_ ? last_->next : first_) = &job;
    last_ = &job;
    ++size_;
}

void JobQueue::push_front(RemoteJob& job) noexcept {
    job.previous = nullptr;
    job.next = first_;
    (first_ ? first_->previous : last_) = &job;
    first_ = &job;
    ++size_;
}

void JobQueue::put_before(JobQueue& others) noexcept {
    if (others.empty()) return;
    others.last_->next = first_;
    (first_ ? first_->previous : last_) = others.last_;
    first_ = others.first_;
    size_ += others.size_;
    others = JobQueue();
}

void JobQueue::remove(RemoteJob& job) noexcept {
    (job.previous ? job.previous->next : first_) = job.next;
    (job.next ? job.next->previous : last_) = job.previous;
    job.next = job.previous = nullptr;
    --size_;
}

void FailedJobs::add(RemoteJob& job, std::exception_ptr error, bool cancelled) noexcept {
    job.place = JobPlace::over;
    job.leave_queue();
    job.set_error(std::move(error));
    (cancelled ? cancelled_ : failed_).push_back(job);
}

void FailedJobs::take(FailedJobs& others) noexcept {
    failed_.put_before(others.failed_);
    cancelled_.put_before(others.cancelled_);
}

void FailedJobs::complete() noexcept {
    for (JobQueue* jobs : {&failed_, &cancelled_}) {
        while (RemoteJob* job = jobs->front()) {
            jobs->remove(*job);
            job->payload = Payload();
            job->finish(jobs == &cancelled_);
        }
    }
}

}  // namespace hocket::detail
