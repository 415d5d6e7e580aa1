#include "hocket/actor/worker.hpp"

#include <atomic>
#include <exception>

#include "hocket/actor/errors.hpp"
#include "hocket/queue/queue.hpp"
#include "hocket/threading/cancel_shield.hpp"

namespace hocket {

/// What the thread needs, which may outlive the Worker.
class Worker::Core {
public:
    explicit Core(const std::string& name) : name_(name) {}
    ~Core() { abandon("the worker was never started"); }

    void put(detail::Job& job) {
        job.expect_from(party_.load(std::memory_order_acquire));
        try {
            jobs_.put(&job);
        } catch (const QueueShutDown&) {
            throw ActorExit(0, "hocket: the worker" + (name_.empty() ? name_ : " '" + name_ + "'") +
                                   " was closed and takes no more jobs");
        }
    }
    void close() noexcept { jobs_.shutdown(); }
    void stop() noexcept {
        stopping_.store(true, std::memory_order_release);
        close();
    }
    bool stopping() const noexcept { return stopping_.load(std::memory_order_acquire); }
    /// Cancels those that nobody has taken.
    void abandon(std::string_view reason) {
        close();
        const auto error = std::make_exception_ptr(CancelledError(std::string(reason)));
        try {
            while (auto job = jobs_.try_get()) (void)(*job)->abandon(error, true);
        } catch (const QueueShutDown&) {
        }
    }
    void run() {
        party_.store(detail::current_party(), std::memory_order_release);
        while (detail::Job* job = next()) {
            if (stopping()) {
                (void)job->abandon(std::make_exception_ptr(CancelledError("the worker was stopped")), true);
            } else {
                job->run_here();
            }
        }
    }

private:
    detail::Job* next() {
        const CancelShield shield;  // what cancels the thread is meant for the job that it runs
        try {
            return jobs_.get();
        } catch (const QueueShutDown&) {
            return nullptr;
        }
    }
    const std::string name_;
    Queue<detail::Job*> jobs_;
    std::atomic<bool> stopping_{false};
    std::atomic<detail::PartyId> party_{0};
};

Worker::Worker(std::string name, std::size_t max_pending)
    : name_(std::move(name)),
      core_(std::make_shared<Core>(name_)),
      room_(max_pending > 0 ? std::make_shared<Semaphore>(max_pending) : nullptr) {}

Worker::~Worker() {
    close();
    if (!thread_ || thread_.id() == detail::ThreadRecord::current().id()) return;
    const CancelShield shield;
    try {
        thread_.join();
    } catch (...) {  // jobs keep their errors; its handle waits for the thread's end once more
    }
}

void Worker::start() {
    if (thread_) throw InvalidStateError("hocket: this worker was started already");
    thread_ = Thread(ThreadOptions{.name = name_}, [core = core_] { core->run(); });
}

void Worker::close() noexcept { core_->close(); }

void Worker::stop(std::string_view reason) {
    core_->stop();
    core_->abandon(reason);
    if (thread_) thread_.cancel(reason);
}

void Worker::check_started() const {
    if (!thread_)
        throw InvalidStateError(
            "hocket: this worker was not started, so that its end would never come; call start() first");
}

void Worker::join(Where where) {
    check_started();
    thread_.join(where);
}

void Worker::shutdown(ShutdownOptions options, Where where) {
    options.cancel_pending ? stop("the worker was shut down") : close();
    if (options.wait && thread_) thread_.join(where);
}

void Worker::execute(detail::Job& job) { core_->put(job); }

const std::shared_ptr<Semaphore>* Worker::room() noexcept {
    return room_ && !(thread_ && thread_.id() == detail::current_party()) ? &room_ : nullptr;
}

}  // namespace hocket
