#include "model.hpp"

#include <ucontext.h>

#include <memory>

namespace hocket::model {
namespace {

constexpr std::size_t kStack = 128 * 1024;
constexpr std::size_t kMostSteps = 20'000;  // more is a livelock

struct Fiber {
    ucontext_t context{};
    std::unique_ptr<char[]> stack;  // of kStack bytes
    std::function<void()> body;
    std::vector<void*> locals;
    const void* looked_at = nullptr;
    const void* spins_on = nullptr;   // until it changes
    const void* sleeps_on = nullptr;  // until it is woken
    bool ended = false;
};

// A point where more than one thread could run, and which one was taken.
struct Choice {
    std::size_t taken;
    std::size_t count;
};

class Execution {
public:
    Execution(std::vector<Choice>& path, const Options& options) : path_(path), options_(options) {}

    std::string run(Run run) {
        for (auto& body : run.threads) {
            auto fiber = std::make_unique<Fiber>();
            fiber->body = std::move(body);
            fiber->stack = std::make_unique_for_overwrite<char[]>(kStack);
            fiber->locals.resize(options_.locals.count);
            ::getcontext(&fiber->context);
            fiber->context.uc_stack.ss_sp = fiber->stack.get();
            fiber->context.uc_stack.ss_size = kStack;
            fiber->context.uc_link = &scheduler_;
            ::makecontext(&fiber->context, &Execution::enter, 0);
            fibers_.push_back(std::move(fiber));
        }
        current_execution = this;
        while (failure_.empty()) {
            const auto candidates = ready_but(nullptr);
            if (candidates.empty()) break;
            resume(*candidates[choose(candidates.size())]);
        }
        current_execution = nullptr;
        if (failure_.empty()) {
            for (const auto& fiber : fibers_) {
                if (!fiber->ended) failure_ = "deadlock: all threads that have not ended sleep or spin";
            }
        }
        // A failed schedule leaves its threads where they are; their stacks go, their destructors do not run.
        return failure_.empty() ? run.check() : failure_;
    }

    // The running thread lets others in before its next operation.
    void step(const void* address) {
        running_->looked_at = address;
        if (++steps_ > kMostSteps) return fail("livelock: the threads go on without an end");
        if (preemptions_ >= options_.preemptions) return;
        auto candidates = ready_but(running_);
        if (candidates.empty()) return;
        const std::size_t taken = choose(candidates.size() + 1);
        if (taken == 0) return;
        ++preemptions_;
        next_ = candidates[taken - 1];
        leave();
    }
    void changed(const void* address) {
        for (const auto& fiber : fibers_) {
            if (fiber->spins_on == address) fiber->spins_on = nullptr;
        }
    }
    bool either() { return choose(2) == 1; }
    void spin() {
        running_->spins_on = running_->looked_at;
        leave();
    }
    void sleep(const void* address) {
        running_->sleeps_on = address;
        leave();
    }
    void wake(const void* address) {
        for (const auto& fiber : fibers_) {
            if (fiber->sleeps_on != address) continue;
            fiber->sleeps_on = nullptr;
            return;
        }
    }
    bool in_thread() const noexcept { return running_ != nullptr; }

    static inline Execution* current_execution = nullptr;

private:
    static void enter() {
        Execution& execution = *current_execution;
        execution.running_->body();
        execution.running_->ended = true;
    }

    std::vector<Fiber*> ready_but(const Fiber* excluded) const {
        std::vector<Fiber*> ready;
        for (const auto& fiber : fibers_) {
            if (fiber.get() != excluded && !fiber->ended && !fiber->sleeps_on && !fiber->spins_on)
                ready.push_back(fiber.get());
        }
        return ready;
    }

    std::size_t choose(std::size_t count) {
        if (count == 1) return 0;
        if (depth_ == path_.size()) path_.push_back({0, count});
        return path_[depth_++].taken;
    }

    void resume(Fiber& fiber) {
        next_ = &fiber;
        while (next_) {
            running_ = std::exchange(next_, nullptr);
            for (std::size_t i = 0; i < options_.locals.count; ++i) options_.locals.place(i, running_->locals[i]);
            ::swapcontext(&scheduler_, &running_->context);
            for (std::size_t i = 0; i < options_.locals.count; ++i) running_->locals[i] = options_.locals.take(i);
        }
        running_ = nullptr;
    }
    void leave() { ::swapcontext(&running_->context, &scheduler_); }

    void fail(const char* what) {
        failure_ = what;
        leave();
    }

    std::vector<Choice>& path_;
    const Options& options_;
    std::vector<std::unique_ptr<Fiber>> fibers_;
    ucontext_t scheduler_{};
    Fiber* running_ = nullptr;
    Fiber* next_ = nullptr;
    std::size_t depth_ = 0;
    std::size_t steps_ = 0;
    int preemptions_ = 0;
    std::string failure_;
};

// The next schedule in depth-first order; false after the last.
bool advance(std::vector<Choice>& path) {
    while (!path.empty()) {
        if (++path.back().taken < path.back().count) return true;
        path.pop_back();
    }
    return false;
}

}  // namespace

Result explore(const std::function<Run()>& make, const Options& options) {
    Result result;
    std::vector<Choice> path;
    do {
        if (result.schedules == options.most_schedules) return result;
        ++result.schedules;
        Execution execution(path, options);
        result.failure = execution.run(make());
        if (!result.failure.empty()) {
            result.failure += " (choices:";
            for (const Choice& choice : path) result.failure += " " + std::to_string(choice.taken);
            result.failure += ")";
            return result;
        }
    } while (advance(path));
    result.complete = true;
    return result;
}

void step(const void* address) {
    if (Execution* execution = Execution::current_execution; execution && execution->in_thread())
        execution->step(address);
}

void changed(const void* address) {
    if (Execution* execution = Execution::current_execution) execution->changed(address);
}

void spin() {
    if (Execution* execution = Execution::current_execution; execution && execution->in_thread()) execution->spin();
}

bool either() {
    Execution* execution = Execution::current_execution;
    return execution && execution->in_thread() && execution->either();
}

void sleep_on(const void* address, const std::function<bool()>& still) {
    if (still()) Execution::current_execution->sleep(address);
}

void wake_at(const void* address) {
    if (Execution* execution = Execution::current_execution) execution->wake(address);
}

}  // namespace hocket::model
