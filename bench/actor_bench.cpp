// Actors, workers and exchanges beside CAF 0.17, with the same work: messages to one actor, ping-pong of two, fan-out
// to ten, spawning, memory.

#include <benchmark/benchmark.h>
#include <unistd.h>

#include <atomic>
#include <caf/all.hpp>
#include <cstdint>
#include <fstream>
#include <future>
#include <hocket/actor.hpp>
#include <hocket/aio.hpp>
#include <hocket/threading.hpp>
#include <memory>
#include <variant>
#include <vector>

#include "figures.hpp"

namespace {

namespace hk = hocket;
using hk::bench::report_each;

constexpr std::uint64_t kMessages = 1'000'000;
constexpr std::uint64_t kRounds = 200'000;
constexpr std::size_t kFanOut = 10;

// ---- one actor counts what a thread sends it

class Counter : public hk::Actor<std::uint64_t> {
public:
    std::uint64_t count = 0;

protected:
    hk::Task<void> run() override {
        for (;;) {
            (void)co_await receive();
            ++count;
        }
    }
};

void send_all(const hk::ActorRef<std::uint64_t>& to) {
    for (std::uint64_t i = 0; i < kMessages; ++i) to.send(i);
    to.close();
    to.join();
}

void messages_to_an_actor_with_its_own_thread(benchmark::State& state) {
    for (auto _ : state) {
        Counter actor;
        actor.start();
        send_all(actor);
        hk::bench::expect(state, actor.count, kMessages);
    }
    report_each(state, kMessages);
}
void messages_to_an_actor_on_a_loop(benchmark::State& state) {
    hk::LoopThread loop;
    for (auto _ : state) {
        Counter actor;
        actor.start(loop);
        send_all(actor);
        hk::bench::expect(state, actor.count, kMessages);
    }
    report_each(state, kMessages);
}

struct A {
    int x;
};
struct B {
    int x, y;
};
class Tagged : public hk::Actor<std::variant<A, B>> {
public:
    std::uint64_t count = 0;

protected:
    hk::Task<void> run() override {
        for (;;) {
            const auto message = co_await receive();
            std::visit([this](const auto& any) { handle(any); }, message);
        }
    }

private:
    void handle(const A& a) { count += a.x == 1; }
    void handle(const B& b) { count += b.x == 2; }
};
void tagged_messages(benchmark::State& state) {
    for (auto _ : state) {
        Tagged actor;
        actor.start();
        for (std::uint64_t i = 0; i < kMessages / 2; ++i) {
            actor.send(A{1});
            actor.send(B{2, 3});
        }
        actor.close();
        actor.join();
        hk::bench::expect(state, actor.count, kMessages);
    }
    report_each(state, kMessages);
}

// ---- CAF

class Caf {
public:
    explicit Caf(std::size_t threads) : config_(threads), system(config_) {}

private:
    struct Config : caf::actor_system_config {
        explicit Config(std::size_t threads) { set("scheduler.max-threads", threads); }
    } config_;

public:
    caf::actor_system system;
};

struct Expecting {
    std::uint64_t left = 0;
};
caf::behavior caf_counter(caf::stateful_actor<Expecting>* self, std::uint64_t messages, std::promise<void>* done) {
    self->state.left = messages;
    return {[=](std::uint64_t) {
        if (--self->state.left > 0) return;
        done->set_value();
        self->quit();
    }};
}
void messages_caf(benchmark::State& state) {
    Caf caf(2);
    for (auto _ : state) {
        std::promise<void> done;
        const auto actor = caf.system.spawn(caf_counter, kMessages, &done);
        for (std::uint64_t i = 0; i < kMessages; ++i) caf::anon_send(actor, i);
        done.get_future().wait();
    }
    report_each(state, kMessages);
}
BENCHMARK(messages_to_an_actor_with_its_own_thread)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(messages_to_an_actor_on_a_loop)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(tagged_messages)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(messages_caf)->UseRealTime()->Unit(benchmark::kMillisecond);

// ---- ping-pong: one message there and one back is a round

class Player : public hk::Actor<std::uint64_t> {
public:
    hk::ActorRef<std::uint64_t> other;

protected:
    hk::Task<void> run() override {
        for (;;) {
            const std::uint64_t left = co_await receive();
            if (left == 0) break;
            other.send(left - 1);
        }
        if (other.is_alive()) other.close();
    }
};
void ping_pong(benchmark::State& state, std::size_t loops) {
    hk::LoopPool pool(loops);
    for (auto _ : state) {
        Player a, b;
        a.other = b;
        b.other = a;
        a.start(pool.loop(0));
        b.start(pool.loop(loops - 1));
        a.send(2 * kRounds);
        a.join();
        b.close();
        b.join();
    }
    report_each(state, kRounds);
}
void ping_pong_on_one_loop(benchmark::State& state) { ping_pong(state, 1); }
void ping_pong_between_two_loops(benchmark::State& state) { ping_pong(state, 2); }

caf::behavior caf_player(caf::event_based_actor* self, std::promise<void>* done) {
    return {[=](std::uint64_t left, const caf::actor& other) {
        if (left == 0) {
            done->set_value();
            return;
        }
        self->send(other, left - 1, caf::actor(self));
    }};
}
void ping_pong_caf(benchmark::State& state) {
    Caf caf(static_cast<std::size_t>(state.range(0)));
    for (auto _ : state) {
        std::promise<void> done;
        const auto a = caf.system.spawn(caf_player, &done);
        const auto b = caf.system.spawn(caf_player, &done);
        caf::anon_send(a, 2 * kRounds, b);
        done.get_future().wait();
        caf::anon_send_exit(a, caf::exit_reason::user_shutdown);
        caf::anon_send_exit(b, caf::exit_reason::user_shutdown);
    }
    report_each(state, kRounds);
}
BENCHMARK(ping_pong_on_one_loop)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(ping_pong_between_two_loops)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(ping_pong_caf)->Arg(1)->Arg(2)->UseRealTime()->Unit(benchmark::kMillisecond);

// ---- fan-out to ten; "each" is a published message

struct Object {
    std::uint64_t count = 0;
    void send(std::uint64_t) { ++count; }
};
void fan_out_to_objects(benchmark::State& state) {
    hk::Exchange<std::uint64_t> exchange;
    std::vector<Object> objects(kFanOut);
    for (Object& object : objects) exchange.attach(object);
    for (auto _ : state) {
        for (std::uint64_t i = 0; i < kMessages; ++i) exchange.send(i);
    }
    hk::bench::expect(state, objects[0].count, static_cast<std::uint64_t>(state.iterations()) * kMessages);
    report_each(state, kMessages);
}
void fan_out_to_actors(benchmark::State& state) {
    constexpr std::uint64_t kPublished = kMessages / 10;
    hk::LoopThread loop;
    for (auto _ : state) {
        hk::Exchange<std::uint64_t> exchange;
        std::vector<std::unique_ptr<Counter>> actors;
        for (std::size_t i = 0; i < kFanOut; ++i) {
            actors.push_back(std::make_unique<Counter>());
            actors.back()->start(loop);
            exchange.attach(*actors.back());
        }
        for (std::uint64_t i = 0; i < kPublished; ++i) exchange.send(i);
        for (const auto& actor : actors) actor->close();
        for (const auto& actor : actors) {
            actor->join();
            hk::bench::expect(state, actor->count, kPublished);
        }
    }
    report_each(state, kPublished);
}
void fan_out_to_actors_caf(benchmark::State& state) {
    constexpr std::uint64_t kPublished = kMessages / 10;
    Caf caf(2);
    for (auto _ : state) {
        std::vector<std::promise<void>> done(kFanOut);
        std::vector<caf::actor> actors;
        for (auto& one : done) actors.push_back(caf.system.spawn(caf_counter, kPublished, &one));
        for (std::uint64_t i = 0; i < kPublished; ++i) {
            for (const auto& actor : actors) caf::anon_send(actor, i);
        }
        for (auto& one : done) one.get_future().wait();
    }
    report_each(state, kPublished);
}
BENCHMARK(fan_out_to_objects)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(fan_out_to_actors)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(fan_out_to_actors_caf)->UseRealTime()->Unit(benchmark::kMillisecond);

// ---- workers

void worker_round_trips(benchmark::State& state) {
    hk::Worker worker;
    worker.start();
    std::uint64_t sum = 0;
    for (auto _ : state) sum += worker.submit([](std::uint64_t a) { return a + 1; }, 1).result();
    hk::bench::expect(state, sum, 2 * static_cast<std::uint64_t>(state.iterations()));
}
void asked_round_trips(benchmark::State& state) {
    struct Increment {
        std::uint64_t value;
    };
    using Question = hk::Request<Increment, std::uint64_t>;
    class Answerer : public hk::Actor<Question> {
        hk::Task<void> run() override {
            for (;;) {
                Question question = co_await receive();
                question.reply(question->value + 1);
            }
        }
    };
    Answerer actor;
    actor.start();
    std::uint64_t sum = 0;
    for (auto _ : state) sum += actor.ask(Increment{1}).result();
    hk::bench::expect(state, sum, 2 * static_cast<std::uint64_t>(state.iterations()));
    actor.close();
    actor.join();
}
BENCHMARK(worker_round_trips)->UseRealTime();
BENCHMARK(asked_round_trips)->UseRealTime();

// ---- life and memory

constexpr std::size_t kActors = 100'000;

void spawn_and_end(benchmark::State& state) {
    hk::LoopThread loop;
    for (auto _ : state) {
        std::vector<hk::ActorRef<std::uint64_t>> actors;
        actors.reserve(kActors);
        for (std::size_t i = 0; i < kActors; ++i) actors.push_back(hk::spawn_actor<Counter>(loop));
        for (const auto& actor : actors) actor.close();
        for (const auto& actor : actors) actor.join();
    }
    report_each(state, kActors);
}
void spawn_and_end_caf(benchmark::State& state) {
    Caf caf(2);
    for (auto _ : state) {
        std::vector<std::promise<void>> done(kActors);
        std::vector<caf::actor> actors;
        actors.reserve(kActors);
        for (auto& one : done) actors.push_back(caf.system.spawn(caf_counter, std::uint64_t{1}, &one));
        for (const auto& actor : actors) caf::anon_send(actor, std::uint64_t{0});
        for (auto& one : done) one.get_future().wait();
    }
    report_each(state, kActors);
}
BENCHMARK(spawn_and_end)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(spawn_and_end_caf)->UseRealTime()->Unit(benchmark::kMillisecond);

double resident_bytes() {
    std::ifstream statm("/proc/self/statm");
    std::uint64_t size = 0, resident = 0;
    statm >> size >> resident;
    return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

// Right only in a fresh process: --benchmark_filter=bytes_of_an_actor$ and so on, one at a time.
void bytes_of_an_actor(benchmark::State& state) {
    hk::LoopThread loop;
    for (auto _ : state) {
        std::vector<hk::ActorRef<std::uint64_t>> actors;
        actors.reserve(kActors);
        const double before = resident_bytes();
        for (std::size_t i = 0; i < kActors; ++i) actors.push_back(hk::spawn_actor<Counter>(loop));
        for (const auto& actor : actors) actor.send(1);  // each has run and waits
        while (actors.back().unread() > 0) hk::this_thread::yield();
        state.counters["bytes"] = (resident_bytes() - before) / static_cast<double>(kActors);
        for (const auto& actor : actors) actor.close();
        for (const auto& actor : actors) actor.join();
    }
}
void bytes_of_an_actor_caf(benchmark::State& state) {
    Caf caf(1);
    for (auto _ : state) {
        std::vector<std::promise<void>> done(kActors);
        std::vector<caf::actor> actors;
        actors.reserve(kActors);
        const double before = resident_bytes();
        for (auto& one : done) actors.push_back(caf.system.spawn(caf_counter, std::uint64_t{2}, &one));
        for (const auto& actor : actors) caf::anon_send(actor, std::uint64_t{0});
        std::promise<void> last;
        caf::anon_send(caf.system.spawn(caf_counter, std::uint64_t{1}, &last), std::uint64_t{0});
        last.get_future().wait();
        state.counters["bytes"] = (resident_bytes() - before) / static_cast<double>(kActors);
        for (const auto& actor : actors) caf::anon_send(actor, std::uint64_t{0});
        for (auto& one : done) one.get_future().wait();
    }
}
BENCHMARK(bytes_of_an_actor)->Iterations(1);
BENCHMARK(bytes_of_an_actor_caf)->Iterations(1);

}  // namespace
