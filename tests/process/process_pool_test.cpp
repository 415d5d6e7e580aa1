#include "hocket/process/process_pool.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <string>
#include <system_error>
#include <vector>

#include "hocket/aio.hpp"
#include "hocket/process/pipe.hpp"
#include "hocket/threading.hpp"
#include "hocket/threading/cancel_shield.hpp"
#include "process/traces.hpp"

namespace hocket {
namespace {

using namespace std::chrono_literals;

long count_to(long n) {
    long counter = 0;
    while (counter < n) ++counter;
    return counter;
}
int pid_of_worker() { return ::getpid(); }

class Scale {
public:
    Scale() = default;
    explicit Scale(double factor) : factor_(factor) {}
    double operator()(double x) const { return factor_ * x; }
    double twice(double x) const { return 2 * factor_ * x; }
    template <class Archive>
    void serialize(Archive& archive) {
        archive(factor_);
    }

private:
    double factor_ = 0;
};

TEST(ProcessPool, RunsWhatCanTravel) {
    ProcessPool pool({.max_workers = 2});
    EXPECT_EQ(pool.submit(count_to, 1000).result(), 1000);
    EXPECT_EQ(pool.submit(&count_to, 1000).result(), 1000);
    EXPECT_NE(pool.submit(pid_of_worker).result(), ::getpid());
    EXPECT_EQ(pool.submit(Scale(2), 1.5).result(), 3);
    EXPECT_EQ(pool.submit(&Scale::twice, Scale(2), 1.5).result(), 6);
    EXPECT_EQ(pool.submit([](const std::string& text) { return text + "!"; }, "literal").result(), "literal!");
    EXPECT_EQ(pool.submit([](std::string_view text) { return text.size(); }, std::string_view("view")).result(), 4u);
    EXPECT_EQ(
        pool.submit([](std::map<std::string, int> m) { return m["a"]; }, std::map<std::string, int>{{"a", 3}}).result(),
        3);
    pool.submit([] {}).result();
}

TEST(ProcessPool, LargeArgumentsAndResultsArriveWhole) {
    ProcessPool pool({.max_workers = 2});
    const auto turned = [](std::string text) {
        std::reverse(text.begin(), text.end());
        return text;
    };
    for (const std::size_t size : {100u, 192u, 193u, 5'000u, 16'000u, 17'000u, 100'000u, 3'000'000u, 70'000u}) {
        std::vector<Future<std::string>> futures;
        std::string text(size, 'x');
        for (int i = 0; i < 8; ++i) {
            text[0] = static_cast<char>('0' + i);
            futures.push_back(pool.submit(turned, text));
        }
        for (int i = 0; i < 8; ++i) {
            const std::string& result = futures[static_cast<std::size_t>(i)].result();
            ASSERT_EQ(result.size(), size);
            EXPECT_EQ(result.back(), '0' + i);
            EXPECT_EQ(result.front(), size > 1 ? 'x' : '0' + i);
        }
    }
}

class Tag {
public:
    explicit Tag(int fd) : fd_(std::make_shared<detail::OwnedDescriptor>(fd)) {}
    explicit Tag(InputArchive& archive) : Tag(archive.take_descriptor()) {}
    void save(OutputArchive& archive) const { archive.attach(fd_->get()); }
    int fd() const { return fd_->get(); }

private:
    std::shared_ptr<detail::OwnedDescriptor> fd_;
};

TEST(ProcessPool, DescriptorsTravelWithArgumentsAndResults) {
    ProcessPool pool({.max_workers = 2});
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const Tag reading(ends[0]), writing(ends[1]);
    const auto before = testing::open_descriptors();
    for (int i = 0; i < 100; ++i) {
        auto copy = pool.submit(
            [](Tag tag) {
                const char c = 'x';
                if (::write(tag.fd(), &c, 1) != 1) throw std::runtime_error("cannot write");
                return tag;
            },
            writing);
        const Tag result = std::move(copy).result();
        char c = 0;
        ASSERT_EQ(::read(ends[0], &c, 1), 1);
        ASSERT_EQ(::write(result.fd(), &c, 1), 1);
        ASSERT_EQ(::read(ends[0], &c, 1), 1);
    }
    EXPECT_LE(testing::open_descriptors(), before + 8);  // the workers' sockets and channels
}

TEST(ProcessPool, ExceptionsCarryTypeTextAndOriginal) {
    ProcessPool pool({.max_workers = 1});
    try {
        pool.submit([] { throw std::out_of_range("from the worker"); }).result();
        FAIL();
    } catch (const RemoteError& error) {
        EXPECT_EQ(error.type(), "std::out_of_range");
        EXPECT_EQ(error.message(), "from the worker");
        EXPECT_THAT(error.what(),
                    ::testing::MatchesRegex(
                        "std::out_of_range: from the worker \\(in worker process [0-9]+ of the pool 'pool'\\)"));
        EXPECT_THROW(error.rethrow_original(), std::out_of_range);
    }
    try {
        pool.submit([] { throw std::system_error(ENOENT, std::generic_category(), "open it"); }).result();
        FAIL();
    } catch (const RemoteError& error) {
        try {
            error.rethrow_original();
        } catch (const std::system_error& original) {
            EXPECT_EQ(original.code().value(), ENOENT);
            EXPECT_STREQ(original.what(), "open it: No such file or directory");
        }
    }
    try {
        pool.submit([] { throw 5; }).result();
        FAIL();
    } catch (const RemoteError& error) {
        EXPECT_EQ(error.type(), "int");
        EXPECT_EQ(error.original(), nullptr);
        EXPECT_THROW(error.rethrow_original(), RemoteError);
    }
    try {
        pool.submit([] {
                try {
                    throw std::runtime_error("the cause");
                } catch (...) {
                    std::throw_with_nested(std::logic_error("the effect"));
                }
            })
            .result();
        FAIL();
    } catch (const RemoteError& error) {
        EXPECT_EQ(error.message(), "the effect; because of std::runtime_error: the cause");
    }
    const std::string long_text(100'000, 'e');
    try {
        pool.submit([](const std::string& text) { throw std::runtime_error(text); }, long_text).result();
        FAIL();
    } catch (const RemoteError& error) {
        EXPECT_EQ(error.message(), long_text);
    }
    EXPECT_THROW(pool.submit([] { throw CancelledError("by itself"); }).result(), CancelledError);
}

class ParseError : public std::runtime_error {
public:
    ParseError() : std::runtime_error("parse error") {}
    explicit ParseError(int line) : std::runtime_error("parse error"), line_(line) {}
    int line() const { return line_; }
    template <class Archive>
    void serialize(Archive& archive) {
        archive(line_);
    }

private:
    int line_ = 0;
};
class TextError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};
const RegisteredException<ParseError> parse_errors;
const RegisteredException<TextError> text_errors;

TEST(ProcessPool, RegisteredExceptionsArriveAsTheyWere) {
    ProcessPool pool({.max_workers = 1});
    try {
        pool.submit([] { throw ParseError(42); }).result();
        FAIL();
    } catch (const RemoteError& error) {
        try {
            error.rethrow_original();
        } catch (const ParseError& original) {
            EXPECT_EQ(original.line(), 42);
        }
    }
    try {
        pool.submit([] { throw TextError("text"); }).result();
        FAIL();
    } catch (const RemoteError& error) {
        EXPECT_THROW(error.rethrow_original(), TextError);
    }
}

TEST(ProcessPool, ADeadWorkerFailsItsJobAndNoOther) {
    ProcessPool pool({.max_workers = 1});
    const int pid = pool.submit(pid_of_worker).result();
    Pipe<int> pipe;
    auto doomed = pool.submit(
        [](PipeEnd<int> end) {
            end.recv();
            ::raise(SIGKILL);
        },
        std::move(pipe.second));
    std::vector<Future<long>> behind;
    for (int i = 0; i < 20; ++i) behind.push_back(pool.submit(count_to, i));
    pipe.first.send(1);
    try {
        doomed.result();
        FAIL();
    } catch (const BrokenProcessPool& error) {
        EXPECT_EQ(error.pid(), pid);
        EXPECT_EQ(error.exit_code(), -SIGKILL);
        EXPECT_THAT(error.what(), ::testing::HasSubstr("was killed by signal 9 (SIGKILL)"));
    }
    for (int i = 0; i < 20; ++i) EXPECT_EQ(behind[static_cast<std::size_t>(i)].result(), i);
    EXPECT_THROW(pool.submit([] { std::_Exit(3); }).result_for(10s), BrokenProcessPool);
    EXPECT_THROW(pool.submit([] { std::abort(); }).result_for(10s), BrokenProcessPool);
    EXPECT_EQ(pool.submit(count_to, 10).result(), 10);
    EXPECT_EQ(pool.statistics().died, 3u);
}

TEST(ProcessPool, MayBreakWhenAWorkerDies) {
    ProcessPool pool({.max_workers = 2, .on_worker_death = OnWorkerDeath::break_pool});
    Pipe<int> pipe;
    auto running = pool.submit([](PipeEnd<int> end) { end.recv(); }, std::move(pipe.second));
    EXPECT_THROW(pool.submit([] { std::_Exit(3); }).result(), BrokenProcessPool);
    EXPECT_THROW(running.result(), BrokenProcessPool);
    EXPECT_THROW(pool.submit(count_to, 1), BrokenProcessPool);
}

TEST(ProcessPool, RepeatsJobsIfThatWasAllowed) {
    ProcessPool pool({.max_workers = 1, .repeats = 2});
    Pipe<int> pipe;
    for (int i = 0; i < 3; ++i) pipe.first.send(i);
    // The descriptor goes along with each run; what was received is gone.
    auto third_time_lucky = pool.submit(
        [](PipeEnd<int> end) {
            const int run = end.recv();
            if (run < 2) ::raise(SIGKILL);
            return run;
        },
        std::move(pipe.second));
    EXPECT_EQ(third_time_lucky.result(), 2);
    EXPECT_EQ(pool.statistics().repeated, 2u);
    EXPECT_THROW(pool.submit([] { ::raise(SIGKILL); }).result(), BrokenProcessPool);
}

TEST(ProcessPool, CancelsWhatHasNotBegun) {
    ProcessPool pool({.max_workers = 1});
    Pipe<int> pipe;
    auto running = pool.submit([](PipeEnd<int> end) { return end.recv(); }, std::move(pipe.second));
    std::vector<Future<long>> waiting;
    for (int i = 0; i < 200; ++i) waiting.push_back(pool.submit(count_to, i));  // in the ring, and in the queue
    for (const auto& future : waiting) EXPECT_TRUE(future.cancel("not needed"));
    for (const auto& future : waiting) EXPECT_TRUE(future.cancelled());
    pipe.first.send(8);
    EXPECT_EQ(running.result(), 8);
    EXPECT_FALSE(running.cancel());
    EXPECT_EQ(pool.submit(count_to, 3).result(), 3);
}

TEST(ProcessPool, AsksARunningJobToStop) {
    ProcessPool pool({.max_workers = 1, .cancel_grace = 1min});
    const int pid = pool.submit(pid_of_worker).result();
    Pipe<std::string> pipe;
    auto waits = pool.submit(
        [](PipeEnd<std::string> end) {
            end.send("waiting");
            try {
                Event().wait();
            } catch (const CancelledError& error) {
                const CancelShield shield;
                end.send(error.reason());
                throw;
            }
        },
        std::move(pipe.second));
    EXPECT_EQ(pipe.first.recv(), "waiting");
    EXPECT_TRUE(waits.cancel("changed my mind"));
    EXPECT_EQ(pipe.first.recv(), "changed my mind");
    EXPECT_THROW(waits.result(), CancelledError);
    EXPECT_EQ(pool.submit(pid_of_worker).result(), pid);  // the worker lives on
}

TEST(ProcessPool, KillsTheWorkerOfACancelledJobThatGoesOn) {
    ProcessPool pool({.max_workers = 1, .cancel_grace = 1ms});
    Pipe<int> pipe;
    auto deaf = pool.submit(
        [](PipeEnd<int> end) {
            end.send(1);
            for (;;) ::pause();
        },
        std::move(pipe.second));
    auto behind = pool.submit(count_to, 5);
    pipe.first.recv();
    EXPECT_TRUE(deaf.cancel("now"));
    try {
        deaf.result();
        FAIL();
    } catch (const CancelledError& error) {
        EXPECT_EQ(error.reason(), "now");
    }
    EXPECT_EQ(behind.result(), 5);
    EXPECT_EQ(pool.statistics().died, 0u);
}

TEST(ProcessPool, ACancelledJobThatEndsByItselfDeliversItsValue) {
    ProcessPool pool({.max_workers = 1, .cancel_grace = 1min});
    Pipe<int> pipe;
    auto stubborn = pool.submit(
        [](PipeEnd<int> end) {
            end.send(1);
            try {
                Event().wait();
            } catch (const CancelledError&) {
            }
            return 7;
        },
        std::move(pipe.second));
    pipe.first.recv();
    EXPECT_TRUE(stubborn.cancel("now"));
    EXPECT_EQ(stubborn.result(), 7);
    EXPECT_FALSE(stubborn.cancelled());
}

// The pool's thread is held up, so that a result waits to be taken in while the worker runs the next job.
TEST(ProcessPool, CancellingAFinishedJobDoesNothingToTheOneThatRuns) {
    ProcessPool pool({.max_workers = 1, .cancel_grace = 1ms});
    Pipe<int> one, two;
    Event called, go;
    auto first = pool.submit([](PipeEnd<int> end) { end.recv(); }, std::move(one.second));
    first.add_done_callback([&](Future<void>&) {
        called.set();
        go.wait();
    });
    one.first.send(1);
    called.wait();
    auto finished = pool.submit(count_to, 5);
    auto deaf = pool.submit(
        [](PipeEnd<int> end) {
            end.send(1);
            for (;;) ::pause();
        },
        std::move(two.second));
    two.first.recv();
    EXPECT_TRUE(deaf.cancel("now"));
    EXPECT_FALSE(finished.cancel("too late"));
    go.set();
    EXPECT_THROW(deaf.result(), CancelledError);
    EXPECT_EQ(finished.result(), 5);
}

thread_local int prepared = 0;
void prepare(int value, const std::string& text) { prepared = value + static_cast<int>(text.size()); }

TEST(ProcessPool, PreparesItsWorkers) {
    ProcessPool pool({.max_workers = 2, .initializer = {prepare, 40, "ab"}});
    std::vector<Future<int>> futures;
    for (int i = 0; i < 10; ++i) futures.push_back(pool.submit([] { return prepared; }));
    for (const auto& future : futures) EXPECT_EQ(future.result(), 42);
}

TEST(ProcessPool, IsBrokenByAFailedInitializer) {
    ProcessPool pool({.max_workers = 1, .initializer = {[] { throw std::runtime_error("no such model"); }}});
    try {
        pool.submit(count_to, 1).result();
        FAIL();
    } catch (const BrokenProcessPool& error) {
        EXPECT_THAT(error.what(), ::testing::HasSubstr("its initializer failed: std::runtime_error: no such model"));
    }
    ProcessPool dies({.max_workers = 1, .initializer = {[] { std::_Exit(4); }}});
    EXPECT_THROW(dies.submit(count_to, 1).result(), BrokenProcessPool);
}

TEST(ProcessPool, ReplacesWorkersAfterTheirShare) {
    ProcessPool pool({.max_workers = 1, .max_tasks_per_child = 3});
    std::map<int, int> runs;
    std::vector<Future<int>> futures;
    for (int i = 0; i < 12; ++i) futures.push_back(pool.submit(pid_of_worker));
    for (const auto& future : futures) ++runs[future.result()];
    EXPECT_EQ(runs.size(), 4u);
    for (const auto& [pid, count] : runs) EXPECT_EQ(count, 3);
    EXPECT_EQ(pool.statistics().died, 0u);
}

TEST(ProcessPool, BindsWorkersToProcessors) {
    cpu_set_t mine;
    ASSERT_EQ(::sched_getaffinity(0, sizeof mine, &mine), 0);
    int last = 0;
    for (int i = 0; i < CPU_SETSIZE; ++i) last = CPU_ISSET(static_cast<std::size_t>(i), &mine) ? i : last;
    ProcessPool pool({.max_workers = 1, .cpu_affinity = {last}});
    EXPECT_EQ(pool.submit([] { return ::sched_getcpu(); }).result(), last);
    EXPECT_THROW(ProcessPool({.cpu_affinity = {-1}}), std::invalid_argument);
    EXPECT_THROW(ProcessPool(100'000), std::invalid_argument);
}

TEST(ProcessPool, GivesUpWhenWorkersCannotLive) {
    ProcessPool pool({.max_workers = 1, .cpu_affinity = {CPU_SETSIZE - 1}});  // there is no such processor here
    try {
        pool.submit(count_to, 1).result();
        FAIL();
    } catch (const BrokenProcessPool& error) {
        EXPECT_THAT(error.what(), ::testing::HasSubstr("3 workers have ended before they ran anything"));
    }
}

TEST(ProcessPool, NamesItsWorkers) {
    ProcessPool pool({.max_workers = 1, .name = "encoder"});
    EXPECT_EQ(pool.submit([] {
                      char name[16]{};
                      ::prctl(PR_GET_NAME, name);
                      return std::string(name);
                  })
                  .result(),
              "encoder-0");
}

TEST(ProcessPool, StartsWorkersOnDemand) {
    ProcessPool pool({.max_workers = 8});
    EXPECT_EQ(pool.concurrency(), 8u);
    EXPECT_EQ(pool.statistics().workers, 0u);
    Pipe<int> pipe;
    auto running = pool.submit([](PipeEnd<int> end) { return end.recv(); }, std::move(pipe.second));
    auto waiting = pool.submit(count_to, 1);
    EXPECT_EQ(waiting.result(), 1);  // by a second one, since the first is busy
    pipe.first.send(1);
    EXPECT_EQ(running.result(), 1);
    EXPECT_EQ(pool.statistics().started, 2u);
}

TEST(ProcessPool, ItsQueueMayBeBounded) {
    ProcessPool pool({.max_workers = 2, .max_pending = 1});
    const auto receive = [](PipeEnd<int> end) {
        end.send(0);
        return end.recv();
    };
    Pipe<int> one, two;
    auto first = pool.submit(receive, std::move(one.second));  // as many as there are workers run in any case
    auto second = pool.submit(receive, std::move(two.second));
    for (auto* pipe : {&one, &two}) EXPECT_EQ(pipe->first.recv(), 0);  // both workers are busy
    auto third = pool.try_submit(count_to, 1);
    EXPECT_TRUE(third);
    EXPECT_FALSE(pool.try_submit(count_to, 2));
    one.first.send(1);
    EXPECT_EQ(first.result(), 1);
    EXPECT_EQ(third->result(), 1);
    EXPECT_EQ(pool.submit(count_to, 3).result(), 3);
    two.first.send(2);
    EXPECT_EQ(second.result(), 2);
}

TEST(ProcessPool, ACallbackMaySubmitToAFullQueue) {
    ProcessPool pool({.max_workers = 1, .max_pending = 1});
    Pipe<int> pipe;
    Event called;
    std::vector<Future<long>> more;
    auto first = pool.submit([](PipeEnd<int> end) { end.recv(); }, std::move(pipe.second));
    first.add_done_callback([&](Future<void>&) {
        for (int i = 0; i < 10; ++i) more.push_back(pool.submit(count_to, i));
        called.set();
    });
    auto second = pool.submit(count_to, 1);
    pipe.first.send(1);
    ASSERT_TRUE(called.wait_for(20s));
    for (int i = 0; i < 10; ++i) EXPECT_EQ(more[static_cast<std::size_t>(i)].result(), i);
    EXPECT_EQ(second.result(), 1);
}

class ManyTags {
public:
    ManyTags() = default;
    explicit ManyTags(InputArchive& archive) { (void)archive; }
    void save(OutputArchive& archive) const {
        for (int i = 0; i < 300; ++i) archive.attach(STDIN_FILENO);
    }
};

TEST(ProcessPool, RefusesMoreDescriptorsThanAMessageTakes) {
    ProcessPool pool(1);
    EXPECT_THROW(pool.submit([](const ManyTags&) {}, ManyTags()), std::length_error);  // no worker has been started
    EXPECT_EQ(pool.submit(count_to, 1).result(), 1);
    EXPECT_THROW(pool.submit([](const ManyTags&) {}, ManyTags()), std::length_error);
}

TEST(ProcessPool, ShutdownRunsOrCancelsWhatWaits) {
    ProcessPool runs({.max_workers = 1});
    std::vector<Future<long>> futures;
    for (int i = 0; i < 100; ++i) futures.push_back(runs.submit(count_to, i));
    runs.shutdown();
    for (const auto& future : futures) EXPECT_TRUE(future.done() && !future.cancelled());
    EXPECT_THROW(runs.submit(count_to, 1), std::runtime_error);
    runs.shutdown();

    ProcessPool cancels({.max_workers = 1});
    Pipe<int> pipe;
    auto running = cancels.submit(
        [](PipeEnd<int> end) {
            end.send(1);
            return end.recv();
        },
        std::move(pipe.second));
    futures.clear();
    for (int i = 0; i < 100; ++i) futures.push_back(cancels.submit(count_to, i));
    pipe.first.recv();
    cancels.shutdown({.wait = false, .cancel_pending = true});
    for (const auto& future : futures) EXPECT_TRUE(future.cancelled());
    pipe.first.send(6);
    cancels.shutdown();
    EXPECT_EQ(running.result(), 6);
}

TEST(ProcessPool, ACallbackCannotWaitForItsPool) {
    auto pool = std::make_unique<ProcessPool>(1);
    Event called;
    bool refused = false;
    pool->submit(count_to, 1).add_done_callback([&](Future<long>&) {
        try {
            pool->shutdown();
        } catch (const DeadlockError&) {
            refused = true;
        }
        pool.reset();  // lets go of it
        called.set();
    });
    called.wait();
    EXPECT_TRUE(refused);
}

TEST(ProcessPool, PoolsNestInWorkers) {
    ProcessPool pool({.max_workers = 2});
    EXPECT_EQ(pool.submit([] {
                      ProcessPool inner({.max_workers = 2, .name = "inner"});
                      long sum = 0;
                      for (const long each : inner.map(count_to, std::vector<long>{1, 2, 3})) sum += each;
                      return sum;
                  })
                  .result(),
              6);
}

Task<long> from_a_task(ProcessPool& pool) {
    auto first = create_task(run_in_executor(pool, count_to, 10));
    const long second = co_await run_in_executor(pool, count_to, 20);
    auto submission = pool.async_submit(count_to, 30);
    auto third = co_await std::move(submission);
    const long one = co_await std::move(first);
    const long three = co_await std::move(third);
    co_return one + second + three;
}

TEST(ProcessPool, ServesTasks) {
    ProcessPool pool({.max_workers = 2, .max_pending = 1});
    EXPECT_EQ(run(from_a_task(pool)), 60);
}

static_assert(AnyExecutor<ProcessPool> && AnyExecutor<Executor>);

TEST(ProcessPool, SlowJobsDoNotHoldUpThoseBehindThem) {
    ProcessPool pool({.max_workers = 2});
    for (auto& each : {pool.submit(count_to, 1), pool.submit(count_to, 1)}) each.result();
    Pipe<int> pipe;
    auto slow = pool.submit([](PipeEnd<int> end) { return end.recv(); }, std::move(pipe.second));
    std::vector<Future<long>> quick;
    for (int i = 0; i < 200; ++i) quick.push_back(pool.submit(count_to, i));
    for (const auto& future : quick) future.result();  // also those that were in front of the slow one's worker
    pipe.first.send(1);
    slow.result();
}

}  // namespace
}  // namespace hocket
