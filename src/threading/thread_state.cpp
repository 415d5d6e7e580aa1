#include "hocket/threading/detail/thread_state.hpp"

#include <link.h>
#include <unistd.h>

#include <stdexcept>
#include <system_error>

#include "hocket/core/detail/is_cancellation.hpp"
#include "hocket/core/report.hpp"
#include "hocket/threading/cancel_shield.hpp"

namespace hocket::detail {
namespace {

// The C library puts the thread-local storage of the program and its libraries onto each thread's stack.
std::size_t thread_local_size() noexcept {
    std::size_t size = 0;
    ::dl_iterate_phdr(
        [](dl_phdr_info* module, std::size_t, void* sum) {
            for (int i = 0; i < module->dlpi_phnum; ++i) {
                const auto& header = module->dlpi_phdr[i];
                if (header.p_type == PT_TLS) *static_cast<std::size_t*>(sum) += header.p_memsz + header.p_align;
            }
            return 0;
        },
        &size);
    return size;
}

std::string subject(const ThreadSetup& setup) {
    return setup.name.empty() ? "a thread" : "the thread '" + std::string(setup.name) + "'";
}

class Attributes {
public:
    Attributes() { ::pthread_attr_init(&attributes_); }
    Attributes(const Attributes&) = delete;
    Attributes& operator=(const Attributes&) = delete;
    ~Attributes() { ::pthread_attr_destroy(&attributes_); }
    void set_stack(const ThreadSetup& setup) {
        const auto minimum = static_cast<std::size_t>(::sysconf(_SC_THREAD_STACK_MIN));
        if (setup.stack_size < minimum) {
            throw std::invalid_argument("hocket: cannot start " + subject(setup) + " with a stack of " +
                                        std::to_string(setup.stack_size) + " bytes: this system needs at least " +
                                        std::to_string(minimum) + "; ask for more, or for 0, the default");
        }
        const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
        const std::size_t wanted = setup.stack_size + thread_local_size();
        if (::pthread_attr_setstacksize(&attributes_, (wanted + page - 1) / page * page) != 0)
            throw std::invalid_argument("hocket: cannot start " + subject(setup) + " with a stack of " +
                                        std::to_string(setup.stack_size) + " bytes: the system refuses that size");
    }
    const pthread_attr_t* get() const noexcept { return &attributes_; }

private:
    pthread_attr_t attributes_{};
};

}  // namespace

const OwnedKind ThreadState::kOwnedKind{[](const void* thread) noexcept {
                                            const auto& state = *static_cast<const ThreadState*>(thread);
                                            return state.is_alive() ? state.record_.id() : 0;
                                        },
                                        [](const void* thread) {
                                            return "the end of thread '" +
                                                   static_cast<const ThreadState*>(thread)->record_.name() + "'";
                                        }};

ThreadState::ThreadState(const ThreadSetup& setup, std::unique_ptr<ThreadBody> body)
    : record_(setup.name, setup.daemon), body_(std::move(body)), context_(current_context()) {}

ThreadState::~ThreadState() {
    if (error_ && !retrieved_.load(std::memory_order_relaxed) && !(canceller_.cancelled() && is_cancellation(error_)))
        report_lost();
}

ThreadState* ThreadState::start(const ThreadSetup& setup, std::unique_ptr<ThreadBody> body) {
    Attributes attributes;
    if (setup.stack_size != 0) attributes.set_stack(setup);
    auto* state = new ThreadState(setup, std::move(body));
    if (const int error = ::pthread_create(&state->handle_, attributes.get(), &ThreadState::main, state)) {
        state->record_.never_begins();
        delete state;
        throw std::system_error(error, std::generic_category(), "hocket: cannot start " + subject(setup));
    }
    return state;
}

void* ThreadState::main(void* argument) {
    auto* state = static_cast<ThreadState*>(argument);
    const bool told = call_at_thread_end(*state);
    state->run();
    if (!told) state->thread_ended();  // no memory for more
    return nullptr;
}

void ThreadState::run() {
    record_.begin();
    const EnterContext inherited(std::move(context_));
    ThreadCanceller::install(&canceller_);
    try {
        body_->run();
    } catch (...) {
        error_ = std::current_exception();
        if (!error_) throw;  // pthread_exit(), which unwinds the stack by something that must not be caught
    }
    // The destructors that follow must be able to wait.
    ThreadCanceller::install(nullptr);
    body_.reset();
}

void ThreadState::thread_ended() noexcept {
    ThreadCanceller::install(nullptr);  // also after pthread_exit(), which unwinds run()
    record_.end();
    WaitQueue::Popped waiters;
    {
        WaitQueue::Lock lock(waiters_);
        ended_.store(true, std::memory_order_release);
        waiters = lock.pop_all();
    }
    WaitQueue::wake_all(waiters);
    if (!drop_reference()) return;
    record_.come_back();  // a report of its exception comes from this thread, and has its name
    delete this;
}

bool ThreadState::block_until(TimePoint deadline, std::source_location where) {
    if (!is_alive()) return true;
    ThreadWaiter waiter;
    WaitEdge edge;
    if (deadline == kNever) edge.enter(waiter, this, kOwnedKind, where);
    return !wait_with(waiter) || waiter.block(deadline, where) || !is_alive();
}

void ThreadState::reap() noexcept {
    if (!reaped_.exchange(true, std::memory_order_acq_rel)) ::pthread_join(handle_, nullptr);
}

void ThreadState::rethrow() {
    reap();
    retrieved_.store(true, std::memory_order_relaxed);
    if (error_) std::rethrow_exception(error_);
}

void ThreadState::let_go() noexcept {
    const bool left_alone = is_alive() && (record_.daemon() || ::pthread_equal(handle_, ::pthread_self()));
    if (left_alone) {
        if (!reaped_.exchange(true, std::memory_order_acq_rel)) ::pthread_detach(handle_);
    } else if (is_alive()) {
        cancel("its Thread was destroyed");
        const CancelShield shield;
        const auto where = std::source_location::current();
        ThreadWaiter waiter;
        if (wait_with(waiter)) (void)waiter.block(kNever, where);
    }
    if (!left_alone) reap();
    if (drop_reference()) delete this;
}

void ThreadState::report_lost() const noexcept {
    try {
        report(
            ReportKind::lost_exception,
            "thread '" + record_.name() + "' ended with an exception that nobody got by join(): " + describe(error_));
    } catch (...) {
        report(ReportKind::lost_exception, "a thread ended with an exception that nobody got by join()");
    }
}

}  // namespace hocket::detail
