#include "hocket/aio/event_loop.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <system_error>

#include "aio/interrupt.hpp"
#include "aio/step_watch.hpp"
#include "aio/thread_cancellation.hpp"
#include "hocket/core/detail/spin_wait.hpp"
#include "hocket/core/detail/wait_graph.hpp"
#include "hocket/core/report.hpp"
#include "hocket/futures/thread_pool.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;

// How long, and for how many steps, ready tasks run before the loop looks at sockets, timers and other threads.
constexpr int kStepsPerTurn = 128;
constexpr int kStepsPerClockReading = 16;
constexpr auto kTimePerTurn = 200us;
constexpr auto kReportStuckAfter = 5s;

std::unique_ptr<detail::IoBackend> make_backend(Io io) {
    if (io == Io::automatic) {
        const char* wanted = std::getenv("HOCKET_IO");
        const std::string_view name = wanted ? wanted : "";
        if (name.empty() || name == "epoll") {
            io = Io::epoll;
        } else if (name == "io_uring") {
            io = Io::io_uring;
        } else {
            throw std::invalid_argument("hocket: HOCKET_IO=" + std::string(name) +
                                        " is unknown; use epoll or io_uring");
        }
    }
    return io == Io::epoll ? detail::make_epoll_backend() : detail::make_io_uring_backend();
}

std::optional<std::uint64_t> seed_from_environment() {
    const char* text = std::getenv("HOCKET_SEED");
    if (!text || !*text) return std::nullopt;
    std::uint64_t seed = 0;
    const char* end = text + std::strlen(text);
    if (const auto [rest, error] = std::from_chars(text, end, seed); error != std::errc() || rest != end) {
        throw std::invalid_argument("hocket: HOCKET_SEED=" + std::string(text) + " is not a whole number of 64 bits");
    }
    return seed;
}

}  // namespace

// Makes a loop the one that its thread runs, for a scope.
class EventLoop::Running {
public:
    enum class Inside { nothing, anything };
    static void check(const EventLoop& loop, Inside allowed) {
        if (allowed == Inside::nothing) loop.check_open();
        if (loop.running_) throw InvalidStateError("hocket: this event loop is running already");
        if (current_ && allowed == Inside::nothing) {
            throw InvalidStateError(
                "hocket: this thread runs an event loop already; await the task there instead of starting another "
                "loop");
        }
    }
    Running(EventLoop& loop, Inside allowed) : loop_(loop), before_(current_) {
        check(loop, allowed);
        try {
            loop_.backend_->attach();
        } catch (const std::system_error&) {
            if (allowed == Inside::nothing) throw;
            // A loop that is closed goes without: what is cancelled needs no kernel.
        }
        loop_.running_ = true;
        loop_.entry_.runs_on(detail::ThreadRecord::current().id());
        current_ = &loop_;
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    ~Running() {
        loop_.backend_->detach();
        loop_.stopping_ = false;
        current_ = before_;
        loop_.entry_.runs_on(0);
        loop_.running_ = false;
    }

private:
    EventLoop& loop_;
    detail::Scheduler* before_;
};

EventLoop::EventLoop(LoopOptions options)
    : Scheduler(options.clock), backend_(make_backend(options.io)), interrupts_(options.interrupts), entry_(*this) {
    const auto seed = options.seed ? options.seed : seed_from_environment();
    seeded_ = seed.has_value();
    random_ = seed.value_or(0);
}

EventLoop::~EventLoop() {
    shut_down();
    backend_->await_wakes(promised_wakes_);
    drop_ready();
}

void EventLoop::close() {
    if (running_) throw InvalidStateError("hocket: an event loop cannot be closed while it runs; stop() it first");
    shut_down();
}

void EventLoop::shut_down() noexcept {
    if (closed()) return;
    if (root_scope().first_child()) cancel_all_tasks("the event loop is closing");
    {
        // From here on nothing comes in.
        std::scoped_lock guard(closing_);
        phase_.store(Phase::closing, std::memory_order_release);
    }
    drop_ready();  // first: jobs of the executor may wait for what another thread has handed in
    default_executor_ = nullptr;
    phase_.store(Phase::closed, std::memory_order_release);
    drop_ready();
}

// What is dropped may post: the destructors of what callbacks own.
void EventLoop::drop_ready() noexcept {
    for (collect_remote(); !ready_.empty(); collect_remote()) ready_.pop().drop();
}

void EventLoop::throw_closed() {
    throw InvalidStateError("hocket: this event loop is closed; nothing can be run on it any more");
}

void EventLoop::check_open() const {
    if (closed()) throw_closed();
}

void EventLoop::post_unless_closed(detail::RunNode& node) {
    std::scoped_lock guard(closing_);
    if (phase_.load(std::memory_order_relaxed) != Phase::open) throw_closed();
    post(node);
}

Executor& EventLoop::default_executor() {
    check_open();
    if (!default_executor_) {
        ThreadPoolOptions options;
        options.name = "to_thread";
        default_executor_ = std::make_shared<ThreadPool>(options);
    }
    return *default_executor_;
}

void EventLoop::set_default_executor(std::shared_ptr<Executor> executor) {
    check_open();
    default_executor_ = std::move(executor);
}

EventLoop& EventLoop::current() {
    if (!Scheduler::current())
        throw InvalidStateError(
            "hocket: no event loop runs on this thread; call this from a task, or start one with hocket::run()");
    return static_cast<EventLoop&>(*Scheduler::current());
}

void EventLoop::check_may_run() const { Running::check(*this, Running::Inside::nothing); }

void EventLoop::run_until(detail::SharedStateBase& state) {
    Running running(*this, Running::Inside::nothing);
    const detail::LoopRun edge(&state, detail::SharedStateBase::kOwnedKind);
    detail::InterruptScope interrupts(*this, interrupts_, state);
    detail::ThreadCancellation cancellation(
        *this, [&](const detail::ThreadCanceller& canceller) { state.request_cancel(canceller.reason()); });
    while (!state.done()) turn();
    interrupts.check();
}

void EventLoop::run_forever() {
    Running running(*this, Running::Inside::nothing);
    const detail::ThreadCanceller* cancelled = nullptr;
    detail::ThreadCancellation cancellation(*this, [&](const detail::ThreadCanceller& canceller) {
        cancelled = &canceller;
        stopping_ = true;
    });
    while (!stopping_) turn();
    if (cancelled) cancelled->throw_cancelled();
}

void EventLoop::stop() {
    if (closed()) return;
    try {
        call_soon_threadsafe([this] { stopping_ = true; });
    } catch (const InvalidStateError&) {  // closed meanwhile
    }
}

// Of the loop's clock, or of one that is cheap to read.
std::uint32_t EventLoop::milliseconds_now() const noexcept {
    if (clock_) return static_cast<std::uint32_t>(clock_->now().time_since_epoch() / 1ms);
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
    return static_cast<std::uint32_t>(time.tv_sec * 1000 + time.tv_nsec / 1'000'000);
}

void EventLoop::turn() noexcept {
    constexpr std::uint32_t kTurnsPerClockReading = 64;
    if (ready_.empty()) {
        sleep();
        turns_ = 0;  // time has passed
    } else if (backend_->busy()) {
        backend_->wait(Duration::zero());
    }
    if (turns_++ % kTurnsPerClockReading == 0) turn_began_ = milliseconds_now();
    collect_remote();
    fire_timers();
    run_ready();
}

void EventLoop::sleep() noexcept {
    const TimePoint deadline = timers_.next_deadline();
    if (wakes_.should_spin() && spin(deadline)) return;
    if (!remote_.fall_asleep()) return;
    slept_ = true;
    Duration limit = Duration::max();
    if (clock_) {
        limit = clock_->time_to_wait(deadline);
    } else if (deadline != kNever) {
        const TimePoint present = now();  // compared, since the difference to a time long ago would overflow
        limit = deadline > present ? deadline - present : Duration::zero();
    }
    backend_->wait(limit);
}

// Looks out for what would end a sleep: posts, which then need not wake anybody, and at longer intervals the kernel.
// Whether there is something.
bool EventLoop::spin(TimePoint deadline) noexcept {
    constexpr auto kLookAtKernel = 5us;
    constexpr int kPauses = 8;
    TimePoint present = now();
    const TimePoint end = std::min(present + detail::WakeRate::kSpin, deadline);
    for (TimePoint look = present; present < end; present = now()) {
        if (backend_->busy() && present >= look) {
            backend_->wait(Duration::zero());
            if (!ready_.empty()) {
                wakes_.wasted();  // it does not spin for these
                return true;
            }
            look = present + kLookAtKernel;
        }
        for (int i = 0; i < kPauses && remote_.empty(); ++i) detail::pause_spinning();
        if (remote_.empty()) continue;
        wakes_.paid();
        return true;
    }
    wakes_.wasted();
    return false;
}

void EventLoop::collect_remote() noexcept {
    const bool posted = remote_.take_all(ready_);
    if (!slept_) return;
    slept_ = false;
    if (!posted) return;
    ++promised_wakes_;  // the one who posted first is about to call wake(), or has
    if (!clock_ && detail::can_spin()) wakes_.woken(milliseconds_now());
}

void EventLoop::fire_timers() noexcept {
    if (timers_.size() == 0) return;
    const TimePoint present = now();
    while (detail::Timer* timer = timers_.pop_due(present)) timer->expired();
}

void EventLoop::run_ready() noexcept {
    // With a clock of the program's own, real time must not change the order in which things happen.
    const bool others_wait = !clock_ && (backend_->busy() || timers_.size() > 0);
    const auto until = others_wait ? std::chrono::steady_clock::now() + kTimePerTurn : kNever;
    for (int step = 1; !ready_.empty() && step <= kStepsPerTurn; ++step) {
        budget_ = kBudget;
        run_step(next_ready());
        current_task_ = nullptr;
        if (others_wait && step % kStepsPerClockReading == 0 && std::chrono::steady_clock::now() >= until) break;
    }
}

void EventLoop::run_step(detail::RunNode& node) noexcept {
    if (!debug_) [[likely]]
        return node.run();
    std::optional<detail::StepWatch> watch;
    try {
        watch.emplace(node);
    } catch (const std::bad_alloc&) {  // it goes unwatched
    }
    node.run();
}

detail::RunNode& EventLoop::next_ready() noexcept {
    if (!seeded_) [[likely]]
        return ready_.pop();
    constexpr std::uint64_t kChoices = 16;
    // splitmix64 (Steele, Lea, Flood 2014)
    std::uint64_t mixed = (random_ += 0x9E3779B97F4A7C15u);
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
    return ready_.pop_at((mixed ^ (mixed >> 31)) % kChoices);
}

void EventLoop::wake() noexcept { backend_->wake(); }

void EventLoop::cancel_all_tasks(std::string_view reason) {
    Running running(*this, Running::Inside::anything);
    std::optional<TimerHandle> watch;
    try {
        watch = call_later(kReportStuckAfter, [this] { report_stuck(); });
    } catch (const std::bad_alloc&) {  // it only helps to find out; and the destructor must go on
    }
    root_scope().cancel(reason);  // tasks that are spawned meanwhile are born cancelled
    while (root_scope().first_child()) turn();
    root_scope().reset();
    if (watch) watch->cancel();
}

void EventLoop::report_stuck() {
    std::string text = "an event loop waits for cancelled tasks that do not end:";
    for (const TaskInfo& task : all_tasks()) {
        text += "\n  " + task.name + " (spawned at " + task.spawned_at.file_name() + ":" +
                std::to_string(task.spawned_at.line()) + ")";
        for (const auto& where : task.awaits)
            text += std::string("\n    awaits at ") + where.file_name() + ":" + std::to_string(where.line());
    }
    detail::report(ReportKind::stuck_shutdown, text);
}

std::vector<TaskInfo> EventLoop::all_tasks() {
    std::vector<TaskInfo> tasks;
    detail::ScopeNode* scope = root_scope().first_child();
    while (scope) {
        detail::TaskContext& task = *scope->task();
        if (scope == &task.root_scope()) {
            TaskInfo& info = tasks.emplace_back();
            info.id = task.id();
            info.parent_id = task.parent_id();
            info.name = task.name();
            info.spawned_at = task.spawned_at();
            if (const detail::Suspension* suspension = task.suspended_on()) {
                info.suspended = true;
                info.waits_for = suspension->waits_for();
                info.waiting = std::chrono::milliseconds(milliseconds_now() - task.suspended_since());
                for (auto* promise = suspension->promise(); promise; promise = promise->awaited_by())
                    info.awaits.push_back(promise->awaiting_at());
            }
        }
        if (scope->first_child()) {
            scope = scope->first_child();
            continue;
        }
        while (scope != &root_scope() && !scope->next_sibling()) scope = scope->parent();
        scope = scope == &root_scope() ? nullptr : scope->next_sibling();
    }
    return tasks;
}

void detail::report_callback_exception() noexcept {
    try {
        report(ReportKind::lost_exception, "a callback of an event loop threw: " + describe(std::current_exception()));
    } catch (...) {
        report(ReportKind::lost_exception, "a callback of an event loop threw");
    }
}

}  // namespace hocket
