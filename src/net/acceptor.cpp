#include "net/acceptor.hpp"

#include <chrono>
#include <system_error>

#include "hocket/aio/event_loop.hpp"
#include "hocket/aio/gather.hpp"
#include "hocket/aio/sleep.hpp"
#include "hocket/aio/timeout.hpp"
#include "hocket/core/report.hpp"

namespace hocket::detail {
namespace {

using namespace std::chrono_literals;

constexpr auto kPause = 100ms;  // when there is no descriptor or memory left for another connection

}  // namespace

void Acceptor::start(std::vector<Listener> listeners, Serve serve, std::string name) {
    if (started()) throw InvalidStateError("hocket: this server listens already");
    name_ = std::move(name);
    stopping_ = failing_ = false;
    serving_ = create_task(run(shared_from_this(), std::move(listeners), std::move(serve)), name_);
}

Task<void> Acceptor::run(std::shared_ptr<Acceptor> self, std::vector<Listener> listeners, Serve serve) {
    self->task_ = EventLoop::current().current_task();
    ChildSet children(ChildSet::OnError::go_on);
    {
        CancelScope scope;
        self->accepting_ = &scope;
        std::vector<Task<void>> acceptors;
        for (const Listener& listener : listeners) acceptors.push_back(self->accept_all(listener, children, serve));
        try {
            co_await gather(std::move(acceptors));
        } catch (const CancelledError&) {
            // By stop(), or with everything around.
        } catch (...) {
            report(ReportKind::accept_failed,
                   self->name_ + " accepts no more connections: " + describe(std::current_exception()));
        }
        self->accepting_ = nullptr;
    }
    listeners.clear();
    co_await children.join();
    self->task_ = nullptr;
}

Task<void> Acceptor::accept_all(const Listener& listener, ChildSet& children, const Serve& serve) {
    while (!stopping_) {
        while (count_ >= max_connections_) co_await wait_for_place();
        bool pause = false;
        try {
            Socket socket = co_await listener.async_accept();
            while (count_ >= max_connections_) co_await wait_for_place();
            children.spawn(serve(std::move(socket), Place(*this)), {}, std::source_location::current());
            failing_ = false;
        } catch (const std::system_error& error) {
            failed(error.what());
            pause = true;
        } catch (const std::bad_alloc&) {
            failed("no memory");
            pause = true;
        }
        if (pause) co_await sleep(kPause);
    }
}

void Acceptor::failed(std::string_view why) {
    if (std::exchange(failing_, true)) return;
    report(ReportKind::accept_failed,
           name_ + " cannot accept connections for now, and tries again: " + std::string(why));
}

Task<void> Acceptor::wait_for_place() {
    if (!place_) place_.emplace();
    const Future<void> freed = place_->future();
    co_await shield(freed);
}

void Acceptor::leave() noexcept {
    --count_;
    if (!place_) return;
    (void)place_->try_set_result();
    place_.reset();
}

void Acceptor::stop() {
    stopping_ = true;
    if (accepting_) accepting_->cancel("the server closes");
}

bool Acceptor::serves_current_task() const noexcept {
    if (!task_) return false;
    ScopeNode* scope = &Scheduler::current()->current_task()->scope();
    while (scope && scope->task() != task_) scope = scope->parent();
    return scope != nullptr;
}

Task<void> Acceptor::close(Duration grace) {
    const std::shared_ptr<Acceptor> self = shared_from_this();
    if (!started()) co_return;
    if (serves_current_task())
        throw InvalidStateError("hocket: a connection's handler cannot wait for the end of its own server: " + name_ +
                                "; spawn it, as in create_task(server.close())");
    const Future<void> serving = serving_;
    stop();
    if (grace > Duration::zero()) {
        try {
            CancelScope scope;
            scope.set_deadline(saturating_add(EventLoop::current().now(), grace));
            co_await shield(serving);
        } catch (const CancelledError&) {
            // The grace is over, or we are in a hurry.
        }
    }
    if (!serving.done()) {
        serving.cancel("the server closes");
        CancelScope scope(shielded);
        co_await shield(serving);
    }
    if (serving_.valid() && serving_.done()) serving_ = Future<void>();  // not if it was started again meanwhile
    co_await yield_now();                                                // throws if we were cancelled
}

Task<void> Acceptor::wait_closed() {
    const std::shared_ptr<Acceptor> self = shared_from_this();
    if (!started()) co_return;
    const Future<void> serving = serving_;
    co_await shield(serving);
}

void Acceptor::abandon(std::string_view reason) {
    if (started()) serving_.cancel(reason);
}

}  // namespace hocket::detail
