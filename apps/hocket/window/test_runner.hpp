#pragma once

#include <QObject>
#include <functional>
#include <list>
#include <memory>

#include "hocket/aio/loop_thread.hpp"
#include "model/conduct.hpp"
#include "model/test_run.hpp"

class QSocketNotifier;

namespace hocket::window {

// Makes tests on a thread of its own, and takes their updates to the window's thread. Each test has a queue, whose
// descriptor Qt's event loop watches with the window's other ones: nothing is polled, no lock is shared with the
// engine, and a test's updates can reach no run but its own.
//
// Belongs to the window's thread. The destructor cancels what runs and waits for its end.
class TestRunner {
public:
    // `changed` is called whenever a run has moved, after all updates that were there have been taken; the last time at
    // its end.
    explicit TestRunner(std::function<void(TestRun&)> changed);
    TestRunner(const TestRunner&) = delete;
    TestRunner& operator=(const TestRunner&) = delete;
    ~TestRunner();

    // Begins the run's test.
    void start(std::shared_ptr<TestRun> run);
    // Ends it; what it came to is reported like any other end. Nothing if it has ended.
    void cancel(TestRun& run);

private:
    struct Test {
        std::shared_ptr<TestRun> run;
        std::shared_ptr<Updates> updates;
        std::unique_ptr<QSocketNotifier> notifier;
        Future<void> future;
    };
    void take(std::list<Test>::iterator test);

    std::function<void(TestRun&)> changed_;
    std::list<Test> tests_;
    QObject context_;    // of the connections: gone before what they use
    LoopThread thread_;  // first to go
};

}  // namespace hocket::window
