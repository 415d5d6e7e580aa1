#include "test_runner.hpp"

#include <QSocketNotifier>

#include "load/reach.hpp"

namespace hocket::window {

TestRunner::TestRunner(std::function<void(TestRun&)> changed) : changed_(std::move(changed)), thread_("load test") {}

TestRunner::~TestRunner() { thread_.stop(); }

void TestRunner::start(std::shared_ptr<TestRun> run) {
    Test test;
    test.updates = std::make_shared<Updates>();
    test.notifier = std::make_unique<QSocketNotifier>(test.updates->fileno(), QSocketNotifier::Read);
    Outbox outbox(test.updates, run->options());
    test.future = run_coroutine_threadsafe(conduct(run->options(), std::move(outbox)), thread_.loop(), "load test");
    test.run = std::move(run);
    tests_.push_back(std::move(test));
    const auto place = std::prev(tests_.end());
    QObject::connect(place->notifier.get(), &QSocketNotifier::activated, &context_, [this, place] { take(place); });
}

void TestRunner::cancel(TestRun& run) {
    for (Test& test : tests_) {
        if (test.run.get() != &run) continue;
        run.stop_requested();
        test.future.cancel("cancelled in the window");
    }
}

void TestRunner::take(std::list<Test>::iterator test) {
    const std::shared_ptr<TestRun> run = test->run;
    try {
        while (std::optional<Update> update = test->updates->try_get()) run->take(std::move(*update));
    } catch (const QueueShutDown&) {  // there was not even memory for the end
        Update end;
        end.end = load::nothing_done(run->options(), std::chrono::system_clock::now());
        end.end->failure = load::Failure{"generator", "out of memory"};
        run->take(std::move(end));
    }
    if (run->summary()) {
        test->notifier->setEnabled(false);
        test->notifier.release()->deleteLater();  // it is telling us
        tests_.erase(test);
    }
    changed_(*run);
}

}  // namespace hocket::window
