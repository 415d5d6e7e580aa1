// The thread of an actor that has one of its own.
#pragma once
#include <string>

#include "hocket/aio/event_loop.hpp"
#include "hocket/threading/cancel_shield.hpp"
#include "hocket/threading/thread.hpp"

namespace hocket::detail {

/// Runs an event loop until the actor has ended. Its end is that of the actor, which the owner has seen to.
class ActorThread {
public:
    explicit ActorThread(std::string name)
        : thread_(ThreadOptions{.name = std::move(name)}, [this] {
              loop_.run_forever();
              loop_.close();
          }) {}
    ActorThread(const ActorThread&) = delete;
    ActorThread& operator=(const ActorThread&) = delete;

    EventLoop& loop() noexcept { return loop_; }
    /// On the thread itself: the actor has ended.
    void actor_ended() { loop_.stop(); }
    /// Waits for the end of the thread, whose actor has ended.
    void join() {
        const CancelShield shield;
        thread_.join();
    }

private:
    EventLoop loop_;
    Thread thread_;
};

}  // namespace hocket::detail
