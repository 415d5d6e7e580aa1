// The snippets of docs/processes.md, as a program.
#undef NDEBUG
#include "hocket/process.hpp"

#include <signal.h>
#include <unistd.h>

#include <cassert>
#include <cmath>
#include <cstdlib>
#include <map>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "hocket/aio.hpp"
#include "hocket/sync.hpp"

namespace hk = hocket;
using namespace std::chrono_literals;

namespace {

// [function]
std::map<std::string, int> count_words(const std::string& text) {
    std::map<std::string, int> counts;
    std::string word;
    for (const char c : text + " ") {
        if (c != ' ') {
            word += c;
        } else if (!word.empty()) {
            ++counts[std::exchange(word, "")];
        }
    }
    return counts;
}
// [function]

void pool() {
    // [pool]
    hk::ProcessPool pool({.max_workers = 2, .name = "counter"});

    hk::Future<std::map<std::string, int>> future = pool.submit(count_words, "I know what I know");
    assert(future.result().at("know") == 2);

    assert(pool.submit([](double x, double y) { return std::hypot(x, y); }, 3, 4).result() == 5);
    // [pool]
    // [map]
    std::vector<int> numbers(10'000);
    std::iota(numbers.begin(), numbers.end(), 0);
    long sum = 0;
    for (const int square : pool.map([](int x) { return x * x % 7; }, numbers, {.chunk_size = 500})) sum += square;
    // [map]
    assert(sum > 0);
}

// [task]
hk::Task<double> sum_of_roots(hk::ProcessPool& pool) {
    auto other = hk::create_task(hk::run_in_executor(
        pool, [](double x) { return std::sqrt(x); }, 16.0));
    const double mine = co_await hk::run_in_executor(
        pool, [](double x) { return std::sqrt(x); }, 9.0);
    const double others = co_await std::move(other);
    co_return mine + others;
}
// [task]

// [serialised]
class Polynomial {
public:
    Polynomial() = default;  // for the other process, which reads the rest
    explicit Polynomial(std::vector<double> coefficients) : coefficients_(std::move(coefficients)) {}
    double operator()(double x) const {
        double value = 0;
        for (const double c : coefficients_) value = value * x + c;
        return value;
    }
    template <class Archive>
    void serialize(Archive& archive) {
        archive(coefficients_);
    }

private:
    std::vector<double> coefficients_;
};
// [serialised]

void serialised() {
    hk::ProcessPool pool(1);
    // [serialised_use]
    const Polynomial square_plus_one({1, 0, 1});
    assert(pool.submit(square_plus_one, 3.0).result() == 10);
    // [serialised_use]
}

// [registered]
class ParseError : public std::runtime_error {
public:
    ParseError() : std::runtime_error("cannot parse") {}
    explicit ParseError(int line) : std::runtime_error("cannot parse"), line(line) {}
    template <class Archive>
    void serialize(Archive& archive) {
        archive(line);
    }
    int line = 0;
};
const hk::RegisteredException<ParseError> parse_errors;
// [registered]

void exceptions() {
    hk::ProcessPool pool(1);
    // [exceptions]
    try {
        pool.submit([] { throw ParseError(42); }).result();
    } catch (const hk::RemoteError& error) {
        assert(error.message() == "cannot parse");  // type() is its name, what() both and where it comes from
        try {
            error.rethrow_original();
        } catch (const ParseError& original) {
            assert(original.line == 42);
        }
    }
    // [exceptions]
}

void death() {
    // [death]
    hk::ProcessPool pool({.max_workers = 1, .repeats = 0});
    try {
        pool.submit([] { std::abort(); }).result();
    } catch (const hk::BrokenProcessPool& error) {
        assert(error.exit_code() == -SIGABRT);  // what() has it in words, with the worker's pid and name
    }
    assert(pool.submit([] { return 1; }).result() == 1);  // another worker
    // [death]
}

void cancelled() {
    // [cancelled]
    hk::ProcessPool pool({.max_workers = 1, .cancel_grace = 100ms});
    auto future = pool.submit([] { hk::Event().wait(); });  // would wait for ever
    future.cancel("not needed any more");
    try {
        future.result();
    } catch (const hk::CancelledError& error) {
        assert(error.reason() == "not needed any more");
    }
    // [cancelled]
}

// [initializer]
std::string greeting;
void prepare(const std::string& text) { greeting = text; }

void with_initializer() {
    hk::ProcessPool pool({.max_workers = 2, .initializer = {prepare, "hello"}, .max_tasks_per_child = 1000});
    assert(pool.submit([] { return greeting; }).result() == "hello");
}
// [initializer]

void process() {
    // [process]
    hk::Process process([](int code) { std::exit(code); }, 7);
    assert(process.pid() != ::getpid());
    process.join();
    assert(process.exit_code() == 7);

    hk::Process endless([] {
        for (;;) ::pause();
    });
    assert(endless.is_alive() && !endless.exit_code());
    endless.terminate();
    assert(endless.join_for(10s) && endless.exit_code() == -SIGTERM);
    // [process]
}

void pipe() {
    // [pipe]
    auto [mine, theirs] = hk::Pipe<std::string, std::size_t>();  // mine sends strings and receives sizes
    const hk::Process process(
        [](hk::PipeEnd<std::size_t, std::string> end) {
            for (;;) end.send(end.recv().size());  // until the other end is closed
        },
        std::move(theirs));
    mine.send("four");
    assert(mine.recv() == 4);
    // [pipe]
}

}  // namespace

// [main]
int main(int argc, char** argv) {
    hk::init(argc, argv);
    // [main]
    pool();
    hk::ProcessPool two(2);
    assert(hk::run(sum_of_roots(two)) == 7);
    serialised();
    exceptions();
    death();
    cancelled();
    with_initializer();
    process();
    pipe();
}
