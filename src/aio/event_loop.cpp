#include "hocket/aio/event_loop.hpp"

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <system_error>

#include "hocket/core/report.hpp"

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
        current_ = &loop_;
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    ~Running() {
        loop_.backend_->detach();
        loop_.stopping_ = false;
        current_ = before_;
        loop_.running_ = false;
    }

private:
    EventLoop& loop_;
    detail::Scheduler* before_;
};

EventLoop::EventLoop(LoopOptions options) : Scheduler(options.clock), backend_(make_backend(options.io)) {
    const auto seed = options.seed ? options.seed : seed_from_environment();
    seeded_ = seed.has_value();
    random_ = seed.value_or(0);
}

EventLoop::~EventLoop() {
    if (root_scope().first_child()) cancel_all_tasks("the event loop is closing");
    backend_->await_wakes(promised_wakes_);
    // What is dropped may post: the destructors of what callbacks own.
    for (collect_remote(); !ready_.empty(); collect_remote()) ready_.pop().drop();
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
    while (!state.done()) turn();
}

void EventLoop::run_forever() {
    Running running(*this, Running::Inside::nothing);
    while (!stopping_) turn();
}

void EventLoop::stop() {
    call_soon_threadsafe([this] { stopping_ = true; });
}

void EventLoop::turn() noexcept {
    if (ready_.empty()) {
        sleep();
    } else if (backend_->busy()) {
        backend_->wait(Duration::zero());
    }
    collect_remote();
    fire_timers();
    run_ready();
}

void EventLoop::sleep() noexcept {
    const TimePoint deadline = timers_.next_deadline();
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

void EventLoop::collect_remote() noexcept {
    const bool posted = remote_.take_all(ready_);
    if (!slept_) return;
    slept_ = false;
    if (posted) ++promised_wakes_;  // the one who posted first is about to call wake(), or has
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
        next_ready().run();
        current_task_ = nullptr;
        if (others_wait && step % kStepsPerClockReading == 0 && std::chrono::steady_clock::now() >= until) break;
    }
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
