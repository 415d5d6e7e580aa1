// An event loop in a thread of its own, for tests in which threads and tasks meet.
#pragma once
#include <thread>

#include "hocket/aio/create_task.hpp"
#include "hocket/aio/event_loop.hpp"

namespace hocket::test {

class LoopThread {
public:
    LoopThread() : thread_([this] { loop_.run_forever(); }) {}
    LoopThread(const LoopThread&) = delete;
    LoopThread& operator=(const LoopThread&) = delete;
    ~LoopThread() {
        loop_.stop();
        thread_.join();
    }
    EventLoop& loop() { return loop_; }

private:
    EventLoop loop_;
    std::thread thread_;
};

}  // namespace hocket::test
