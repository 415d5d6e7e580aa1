// The snippets of docs/actors.md, as a program.
#undef NDEBUG
#include <cassert>
#include <chrono>
#include <map>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "hocket/actor.hpp"
#include "hocket/aio.hpp"
#include "hocket/queue.hpp"

namespace hk = hocket;
using namespace std::chrono_literals;

namespace {

// [actor]
class Collector : public hk::Actor<std::string> {
public:
    std::vector<std::string> got;  // read it after join()

protected:
    hk::Task<void> run() override {
        for (;;) got.push_back(co_await receive());  // ends by ActorExit when closed and drained
    }
};

void collect() {
    hk::ScopedActor<Collector> collector;
    collector.start();  // on a thread of its own
    collector.send("Hello");
    collector.send("World");
    collector.close();  // no more; what was sent is still read
    collector.join();   // throws what run() threw
    assert(collector.got.size() == 2);
}
// [actor]

// [spawn]
hk::Task<void> many(hk::LoopPool& pool) {
    std::vector<hk::ActorRef<std::string>> actors;
    for (int i = 0; i < 10'000; ++i) actors.push_back(hk::spawn_actor<Collector>(pool));
    for (const auto& actor : actors) actor.send("hello");
    for (const auto& actor : actors) actor.close();
    for (const auto& actor : actors) co_await actor.async_join();
}
// [spawn]

// [ask]
struct Put {
    std::string key;
    int value;
};
struct Get {
    std::string key;
};

class Store : public hk::Actor<std::variant<Put, hk::Request<Get, int>>> {
protected:
    hk::Task<void> run() override {
        for (;;) {
            auto message = co_await receive();
            std::visit([this](auto& any) { handle(any); }, message);
        }
    }

private:
    void handle(const Put& put) { values_[put.key] = put.value; }
    void handle(hk::Request<Get, int>& request) {
        request.answer([this](const Get& get) { return values_.at(get.key); });  // its exceptions, too
    }
    std::map<std::string, int> values_;
};

hk::Task<void> use(hk::ActorRef<Store::Message> store) {
    store.send(Put{"answer", 42});
    hk::Future<int> answer = store.ask(Get{"answer"});
    const int value = co_await answer;  // in a thread: answer.result()
    assert(value == 42);
    bool found = true;
    try {
        answer = store.ask(Get{"question"});
        (void)co_await hk::timeout(1s, std::move(answer));
    } catch (const std::out_of_range&) {
        found = false;
    }
    assert(!found);
    store.close();
    co_await store.async_join();
}
// [ask]

// [bounded]
class Slow : public hk::Actor<int> {
public:
    Slow() : Actor(hk::ActorOptions().with_name("slow").with_mailbox(100)) {}  // or: , hk::Overflow::refuse

protected:
    hk::Task<void> run() override {
        for (;;) {
            (void)co_await receive();
            co_await hk::sleep(1us);
        }
    }
};

hk::Task<void> keep_pace() {
    const auto slow = hk::spawn_actor<Slow>(hk::EventLoop::current());
    for (int i = 0; i < 1000; ++i) co_await slow.async_send(i);  // waits when 100 are ahead
    slow.stop("enough");                                         // what is unread is dropped, and counted
    co_await slow.async_join();
    assert(slow.dropped() > 0);
}
// [bounded]

// [monitor]
class Guardian : public hk::Actor<std::variant<hk::Down, std::string>> {
public:
    explicit Guardian(hk::AnyActor ward) : ward_(std::move(ward)) {}
    std::string obituary;

protected:
    hk::Task<void> run() override {
        (void)monitor(ward_);
        const auto message = co_await receive();
        if (const auto* down = std::get_if<hk::Down>(&message))
            obituary = down->name + " " + std::string(to_string(down->kind)) + ": " + down->reason;
    }

private:
    hk::AnyActor ward_;
};
// [monitor]

void guard() {
    Slow slow;
    Guardian guardian(slow);
    slow.start();
    guardian.start();
    slow.stop("end of the shift");
    guardian.join();
    assert(guardian.obituary == "slow stopped: end of the shift");
}

// [supervisor]
hk::Task<void> keep_alive(hk::LoopPool& pool) {
    const auto start_store = [&pool] { return hk::spawn_actor<Store>(pool); };
    const auto start_cache = [&pool] { return hk::spawn_actor<Store>(pool); };
    std::vector<hk::ChildSpec> children;
    children.emplace_back("store", start_store);                          // started anew whenever it ends
    children.emplace_back("cache", start_cache, hk::Restart::transient);  // when it fails
    hk::Supervisor supervisor(hk::SupervisorOptions().with_strategy(hk::Strategy::rest_for_one).with_intensity(3, 5s),
                              std::move(children));
    supervisor.start(hk::EventLoop::current());
    co_await hk::sleep(1ms);
    hk::ActorRef<Store::Message> store = supervisor.child<Store::Message>("store");
    assert(store.is_alive());
    supervisor.stop();  // the children too, the last one first
    co_await supervisor.async_join();
}
// [supervisor]

void work() {
    // [worker]
    hk::Worker worker("database");  // for what must stay on one thread
    worker.start();
    hk::Future<int> five = worker.submit([](int a, int b) { return a + b; }, 2, 3);
    assert(five.result() == 5);
    worker.close();
    worker.join();
    // [worker]
}

void exchange() {
    // [exchange]
    auto& news = hk::get_exchange<std::string>("news");  // the same one by that name, everywhere
    std::vector<std::string> seen;
    hk::Queue<std::string> queue;
    {
        const auto attached = news.subscribe(queue, [&](const std::string& message) { seen.push_back(message); });
        const auto kitchen =
            news.subscribe_to("sensors.kitchen.>", [&](std::string_view topic, const std::string& message) {
                seen.push_back(std::string(topic) + " = " + message);
            });
        news.send("to all without a pattern");
        news.send("sensors.kitchen.temperature", "21.5");  // to all, and to whose pattern matches
    }
    news.send("to nobody");
    assert(queue.size() == 2 && seen.size() == 3);
    // [exchange]
    hk::drop_exchange("news");
}

// [stream]
hk::Task<int> add_up(hk::Exchange<int>& numbers) {
    const auto options = hk::SubscribeOptions().with_when_full(hk::WhenFull::drop_oldest);
    auto stream = numbers.stream(2, options);  // at most two wait for this coroutine
    for (int i = 1; i <= 4; ++i) numbers.send(i);
    assert(stream.dropped() == 2);
    stream.close();  // it ends when everything has been read
    int sum = 0;
    while (auto number = co_await stream.next()) sum += *number;
    co_return sum;
}
// [stream]

}  // namespace

int main() {
    collect();
    {
        hk::LoopPool pool(2);
        hk::run(many(pool));
        hk::run(use(hk::spawn_actor<Store>(pool)));
        hk::run(keep_alive(pool));
    }
    hk::run(keep_pace());
    guard();
    work();
    exchange();
    hk::Exchange<int> numbers;
    assert(hk::run(add_up(numbers)) == 7);
}
