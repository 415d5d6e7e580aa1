#include "hocket/aio/loop_thread.hpp"

#include "hocket/threading/cancel_shield.hpp"

namespace hocket {

LoopThread::LoopThread(std::string name, LoopOptions options)
    : loop_(std::make_unique<EventLoop>(options)),
      thread_(ThreadOptions{.name = std::move(name)}, [loop = loop_.get()] {
          loop->run_forever();
          loop->close();
      }) {}

LoopThread::~LoopThread() {
    const CancelShield shield;  // also a cancelled thread must not leave the loop behind
    try {
        stop();
    } catch (...) {
        detail::report_callback_exception();
    }
}

void LoopThread::stop() {
    if (detail::Scheduler::current() == loop_.get()) {
        throw DeadlockError(
            "hocket: a LoopThread was told to stop by its own loop, whose end it would wait for; call stop() in "
            "another thread, or loop().stop() here");
    }
    loop_->stop();
    thread_.join();
}

}  // namespace hocket
