// Supervisor: starts actors, and starts them again when they fail.
#pragma once
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "hocket/actor/actor.hpp"
#include "hocket/core/clock.hpp"

namespace hocket {

/// Which children are started anew when one has ended that must not.
enum class Strategy {
    one_for_one,   ///< that one
    one_for_all,   ///< all, after the others were stopped
    rest_for_one,  ///< that one and those that were started after it, which may rely on it
};

/// When a child is started anew.
enum class Restart {
    permanent,  ///< whenever it has ended
    transient,  ///< when it has failed
    temporary,  ///< never
};

/// A child: how to start it. The function is called once at the beginning and once for each restart, on the
/// supervisor's loop, and makes another actor each time, most often by spawn_actor().
class ChildSpec {
public:
    ChildSpec(std::string name, std::function<AnyActor()> start, Restart restart = Restart::permanent)
        : name(std::move(name)), start(std::move(start)), restart(restart) {}
    std::string name;
    std::function<AnyActor()> start;
    Restart restart;
};

struct SupervisorOptions {
    SupervisorOptions() = default;
    std::string name;
    Strategy strategy = Strategy::one_for_one;
    /// More restarts than this within `period` (on the loop's clock), and the supervisor gives up: it stops all
    /// children and fails itself, which is for its own supervisor to deal with.
    std::size_t max_restarts = 3;
    Duration period = std::chrono::seconds(5);
    /// A child that takes longer to stop is reported (ReportKind::stuck_shutdown), and still waited for.
    Duration report_after = std::chrono::seconds(5);
    /// Told of each failure of a child, before anything is done about it, on the supervisor's loop. Unset: it is
    /// reported (ReportKind::lost_exception), since a child that is started anew takes its error with it.
    std::function<void(const Down&)> on_failure;

    SupervisorOptions& with_name(std::string given) {
        name = std::move(given);
        return *this;
    }
    SupervisorOptions& with_strategy(Strategy given) {
        strategy = given;
        return *this;
    }
    SupervisorOptions& with_intensity(std::size_t restarts, Duration within) {
        max_restarts = restarts;
        period = within;
        return *this;
    }
    SupervisorOptions& with_on_failure(std::function<void(const Down&)> told) {
        on_failure = std::move(told);
        return *this;
    }
};

/// A supervisor has given up, see SupervisorOptions::max_restarts. Its text says which child, and what that failed
/// with.
class TooManyRestarts : public std::runtime_error {
public:
    TooManyRestarts(const std::string& what, std::exception_ptr cause)
        : std::runtime_error(what), cause_(std::move(cause)) {}
    /// What the last child failed with; null if it did not fail.
    const std::exception_ptr& cause() const noexcept { return cause_; }

private:
    std::exception_ptr cause_;
};

namespace detail {
class Children;
struct StartChild {
    StartChild(ChildSpec spec) : spec(std::make_unique<ChildSpec>(std::move(spec))) {}
    std::unique_ptr<ChildSpec> spec;
};
}  // namespace detail

/// An actor that keeps others alive, as in Erlang/OTP. Children are started in the order given, and stopped in the
/// reverse one: when the supervisor is stopped or closed, gives up, or is destroyed. It waits for their ends; one that
/// is destroyed by a task of its own event loop, as when that task is cancelled, leaves it to the loop. What they
/// failed with goes to SupervisorOptions::on_failure. Supervisors can be children of others.
class Supervisor final : public Actor<std::variant<Down, detail::StartChild>> {
public:
    explicit Supervisor(SupervisorOptions options, std::vector<ChildSpec> children = {});
    ~Supervisor() override;

    /// Starts one more, after those that are there. Any thread. Throws ActorExit. If its start function throws, that
    /// counts as a failure of the child.
    void add(ChildSpec child) { send(detail::StartChild(std::move(child))); }
    /// The present actor of that name; a reference to nothing while it is not started, or if there is none. After a
    /// restart it is another one. Any thread.
    AnyActor child(std::string_view name) const;
    /// The same for an actor with messages of type M.
    template <class M>
    ActorRef<M> child(std::string_view name) const {
        return actor_cast<M>(child(name));
    }
    /// How often a child was started anew. Any thread.
    std::size_t restarts() const noexcept;

private:
    Task<void> run() override;
    // What runs keeps it, and nothing else of this object: it stops the children also when that was destroyed on the
    // loop that has to do it.
    const std::shared_ptr<detail::Children> children_;
};

}  // namespace hocket
