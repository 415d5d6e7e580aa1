#include "hocket/aio/task_tree.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <vector>

#include "hocket/aio/detail/loop_entry.hpp"
#include "hocket/aio/event_loop.hpp"
#include "hocket/core/detail/party.hpp"
#include "hocket/core/detail/wait_graph.hpp"
#include "hocket/threading/thread.hpp"

namespace hocket {
namespace detail {
namespace {

// Never destroyed: a loop may be a static object.
struct Loops {
    std::mutex mutex;
    LoopEntry* first = nullptr;
    LoopEntry* last = nullptr;
};
Loops& loops() {
    static auto* loops = new Loops;
    return *loops;
}

}  // namespace

LoopEntry::LoopEntry(EventLoop& loop) : loop_(loop) {
    Loops& all = loops();
    std::scoped_lock guard(all.mutex);
    previous_ = all.last;
    (previous_ ? previous_->next_ : all.first) = this;
    all.last = this;
}

LoopEntry::~LoopEntry() {
    Loops& all = loops();
    std::scoped_lock guard(all.mutex);
    (previous_ ? previous_->next_ : all.first) = next_;
    (next_ ? next_->previous_ : all.last) = previous_;
}

template <class See>
void LoopEntry::for_each(See&& see) {
    Loops& all = loops();
    std::scoped_lock guard(all.mutex);
    for (LoopEntry* entry = all.first; entry; entry = entry->next_) see(*entry);
}

}  // namespace detail

namespace {

using namespace std::chrono_literals;

constexpr auto kAnswerWithin = 200ms;

// A question to a loop, and the place for its answer. Shared by who asks and by the loop, either of which may be gone
// first.
class Question {
public:
    void answer(std::optional<std::vector<TaskInfo>> tasks) {
        {
            std::scoped_lock guard(mutex_);
            tasks_ = std::move(tasks);
            answered_ = true;
        }
        changed_.notify_one();
    }
    // Nothing if there is no answer in time.
    std::optional<std::vector<TaskInfo>> wait_until(std::chrono::steady_clock::time_point deadline) {
        std::unique_lock lock(mutex_);
        changed_.wait_until(lock, deadline, [this] { return answered_; });
        return std::move(tasks_);
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool answered_ = false;
    std::optional<std::vector<TaskInfo>> tasks_;
};

struct AskedLoop {
    std::uint64_t thread = 0;
    std::string io;
    std::shared_ptr<Question> question;  // null: the loop does not run, or is that of the caller
    std::optional<std::vector<TaskInfo>> tasks;
};

std::vector<AskedLoop> ask_all_loops() {
    std::vector<AskedLoop> asked;
    detail::LoopEntry::for_each([&](detail::LoopEntry& entry) {
        EventLoop& loop = entry.loop();
        AskedLoop& one = asked.emplace_back();
        one.thread = entry.thread();
        one.io = loop.io_name();
        if (one.thread == 0) return;
        if (detail::Scheduler::current() == &loop) {
            one.tasks = loop.all_tasks();
            return;
        }
        try {
            const auto question = std::make_shared<Question>();
            loop.call_soon_threadsafe([&loop, question] { question->answer(loop.all_tasks()); });
            one.question = question;
        } catch (const InvalidStateError&) {
            one.thread = 0;  // closed by now
        }
    });
    const auto deadline = std::chrono::steady_clock::now() + kAnswerWithin;
    for (AskedLoop& one : asked) {
        if (one.question) one.tasks = one.question->wait_until(deadline);
    }
    return asked;
}

std::string seconds(std::chrono::milliseconds time) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3f s", std::chrono::duration<double>(time).count());
    return text;
}

void add_task(std::string& text, const TaskInfo& task, std::size_t depth) {
    const std::string indent(2 * depth, ' ');
    text += indent + task.name + " (" + std::to_string(task.id) + "), spawned at " + detail::place(task.spawned_at);
    if (task.suspended) {
        text += ", waits since " + seconds(task.waiting);
        if (!task.waits_for.empty()) text += " for " + task.waits_for;
    } else {
        text += ", ready to run or running";
    }
    text += "\n";
    for (const auto& where : task.awaits) {
        if (where.line() != 0) text += indent + "    awaits at " + detail::place(where) + "\n";
    }
}

void add_tree(std::string& text, const std::vector<TaskInfo>& tasks) {
    std::unordered_map<std::uint64_t, std::vector<const TaskInfo*>> children;
    std::set<std::uint64_t> alive;
    for (const TaskInfo& task : tasks) alive.insert(task.id);
    for (const TaskInfo& task : tasks) children[alive.contains(task.parent_id) ? task.parent_id : 0].push_back(&task);
    // Depth first, with a stack of our own: the tree can be deep.
    std::vector<std::pair<const TaskInfo*, std::size_t>> left;
    const auto push_children = [&](std::uint64_t parent, std::size_t depth) {
        const auto found = children.find(parent);
        if (found == children.end()) return;
        for (auto child = found->second.rbegin(); child != found->second.rend(); ++child)
            left.emplace_back(*child, depth);
    };
    push_children(0, 1);
    while (!left.empty()) {
        const auto [task, depth] = left.back();
        left.pop_back();
        add_task(text, *task, depth);
        push_children(task->id, depth + 1);
    }
}

}  // namespace

std::string format_tasks() {
    const auto asked = ask_all_loops();
    const auto live = threads();
    std::string text;
    for (const AskedLoop& loop : asked) {
        const auto thread =
            std::find_if(live.begin(), live.end(), [&](const ThreadInfo& info) { return info.id == loop.thread; });
        text += "event loop (" + loop.io + ")";
        if (loop.thread == 0) {
            text += " that does not run\n";
            continue;
        }
        if (thread != live.end()) text += " of thread '" + thread->name + "'";
        if (!loop.tasks) {
            text += ": no answer; a step of a task or callback is holding it up\n";
            continue;
        }
        text += ", " + std::to_string(loop.tasks->size()) + (loop.tasks->size() == 1 ? " task\n" : " tasks\n");
        add_tree(text, *loop.tasks);
    }
    text += std::to_string(live.size()) + (live.size() == 1 ? " thread\n" : " threads\n");
    for (const ThreadInfo& thread : live) {
        text += "  " + thread.name + " (" + std::to_string(thread.id) + "), native id " +
                std::to_string(thread.native_id) + (thread.daemon ? ", daemon" : "") + "\n";
        if (const std::string wait = detail::describe_wait(thread.id); !wait.empty()) text += "    " + wait + "\n";
    }
    return text;
}

void print_tasks() {
    const std::string text = format_tasks();
    std::fwrite(text.data(), 1, text.size(), stderr);
}

namespace {

std::atomic<int> wanted{-1};  // an eventfd

void want_tasks(int) noexcept {
    const int error = errno;
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wanted.load(std::memory_order_relaxed), &one, sizeof one);
    errno = error;
}

}  // namespace

void print_tasks_on_signal(int signal) {
    static std::once_flag once;
    std::call_once(once, [] {
        const int fd = ::eventfd(0, EFD_CLOEXEC);
        if (fd < 0) throw std::system_error(errno, std::generic_category(), "hocket: eventfd");
        wanted.store(fd, std::memory_order_relaxed);
        ThreadOptions options;
        options.name = "print_tasks";
        options.daemon = true;
        Thread(options, [fd] {
            for (std::uint64_t times = 0;;) {
                if (::read(fd, &times, sizeof times) == sizeof times) print_tasks();
            }
        });
    });
    struct sigaction action {};
    action.sa_handler = want_tasks;
    action.sa_flags = SA_RESTART;
    ::sigemptyset(&action.sa_mask);
    if (::sigaction(signal, &action, nullptr) != 0) {
        throw std::system_error(errno, std::generic_category(),
                                "hocket: print_tasks_on_signal(" + std::to_string(signal) + ")");
    }
}

}  // namespace hocket
