// The children of one scope: what gather() and task_group() are made of.
#pragma once
#include <coroutine>
#include <exception>
#include <source_location>
#include <string_view>
#include <vector>

#include "hocket/aio/detail/task_state.hpp"

namespace hocket::detail {

/// Tasks that end before their owner goes on. The owner's task opens the set, spawns into it and awaits join().
///
/// Used on one loop. Cancelling the owner reaches the children through the tree of scopes; join() itself is not
/// interrupted, so no child outlives the set.
class ChildSet final : public TaskObserver {
public:
    enum class OnError { cancel_others, go_on };

    /// Inside a task; its waits are inside the set's scope until leave().
    explicit ChildSet(OnError on_error);
    ChildSet(const ChildSet&) = delete;
    ChildSet& operator=(const ChildSet&) = delete;
    ~ChildSet() { leave(); }

    template <class T>
    StateRef<TaskState<T>> spawn(Task<T>&& task, std::string_view name, std::source_location where) {
        ++running_;
        try {
            return detail::spawn(std::move(task), owner_.home(), TaskOrigin(scope_, this, name, where));
        } catch (...) {
            --running_;
            throw;
        }
    }
    /// Cancels all children and the owner's waits inside the set.
    void cancel(std::string_view reason) { scope_.cancel(reason); }
    /// An error of the owner's own part, or of a child: kept, unless it is a cancellation, and the others are cancelled
    /// if so agreed.
    void failed(std::exception_ptr error) noexcept;
    /// The first error so far, null if there is none; never a CancelledError.
    const std::exception_ptr& first_error() const noexcept { return first_error_; }
    /// All errors so far, oldest first.
    std::vector<std::exception_ptr> errors() const;
    /// After join(): the owner is back in the scope around the set.
    void leave() noexcept;
    /// After leave(): throws CancelledError if the scope around the set is cancelled.
    void throw_if_cancelled() const {
        if (owner_.cancel_pending()) owner_.throw_cancelled();
    }

    class [[nodiscard]] JoinAwaiter final : public Suspension {
    public:
        explicit JoinAwaiter(ChildSet& children) noexcept : children_(children) {}
        ~JoinAwaiter() = default;
        bool await_ready() const noexcept { return children_.running_ == 0; }
        template <class Promise>
        void await_suspend(std::coroutine_handle<Promise> caller) noexcept {
            set_promise(caller.promise());
            suspend();
            children_.joiner_ = this;
        }
        void await_resume() const noexcept {}
        void cancel() noexcept override {}  // the children are being cancelled, and end
        void all_ended() noexcept { post(); }
        std::string waits_for() const override { return "its child tasks"; }

    private:
        ChildSet& children_;
    };
    /// `co_await children.join()`: waits until all children have ended. (An awaitable that makes the awaiter, since g++
    /// 12 copies an awaiter that is a temporary.)
    class [[nodiscard]] Join {
    public:
        explicit Join(ChildSet& children) noexcept : children_(children) {}
        JoinAwaiter operator co_await() const noexcept { return JoinAwaiter(children_); }

    private:
        ChildSet& children_;
    };
    Join join() noexcept { return Join(*this); }

private:
    void task_ended(const std::exception_ptr& error) noexcept override;
    TaskContext& owner_;
    ScopeNode* outer_;
    ScopeNode scope_;
    OnError on_error_;
    bool entered_ = true;
    std::size_t running_ = 0;
    JoinAwaiter* joiner_ = nullptr;
    std::exception_ptr first_error_;  // needs no memory, so that no failure looks like a success
    std::vector<std::exception_ptr> more_errors_;
};

}  // namespace hocket::detail
