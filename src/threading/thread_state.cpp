#include "hocket/threading/detail/thread_state.hpp"

#include <link.h>
#include <unistd.h>

#include <stdexcept>
#include <system_error>

#include "hocket/core/errors.hpp"
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

bool is_cancellation(const std::exception_ptr& error) noexcept {
    try {
        std::rethrow_exception(error);
    } catch (const CancelledError&) {
        return true;
    } catch (...) {
        return false;
    }
}

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

// The destructors of pthread keys run after those of thread-local objects, which makes them the end of a thread.
pthread_key_t ThreadState::end_key() {
    static const pthread_key_t made = [] {
        pthread_key_t key{};
        if (const int error = ::pthread_key_create(&key, [](void* state) { static_cast<ThreadState*>(state)->end(); }))
            throw std::system_error(error, std::generic_category(),
                                    "hocket: cannot start a thread: pthread_key_create");
        return key;
    }();
    return made;
}

ThreadState* ThreadState::start(const ThreadSetup& setup, std::unique_ptr<ThreadBody> body) {
    end_key();
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
    const bool ends_by_key = ::pthread_setspecific(end_key(), state) == 0;
    state->run();
    if (!ends_by_key) state->end();  // no memory for the key
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

void ThreadState::end() noexcept {
    ThreadCanceller::install(nullptr);
    record_.end();
    Waiter* waiters = nullptr;
    {
        WaitQueue::Lock lock(waiters_);
        ended_.store(true, std::memory_order_release);
        waiters = lock.pop_all();
    }
    WaitQueue::wake_all(waiters);
    drop_reference();
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
    if (is_alive() && (record_.daemon() || ::pthread_equal(handle_, ::pthread_self()))) {
        if (!reaped_.exchange(true, std::memory_order_acq_rel)) ::pthread_detach(handle_);
        return drop_reference();
    }
    if (is_alive()) {
        cancel("its Thread was destroyed");
        const CancelShield shield;
        ThreadWaiter waiter;
        if (wait_with(waiter)) waiter.park();
    }
    reap();
    drop_reference();
}

void ThreadState::drop_reference() noexcept {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
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
