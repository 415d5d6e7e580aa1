// Every public header, the README's first program, a chain of awaits long enough to overflow the stack of a build
// without tail calls, and a job in another process.
#include <hocket/actor.hpp>
#include <hocket/aio.hpp>
#include <hocket/core.hpp>
#include <hocket/futures.hpp>
#include <hocket/http.hpp>
#include <hocket/net.hpp>
#include <hocket/os.hpp>
#include <hocket/process.hpp>
#include <hocket/queue.hpp>
#include <hocket/sync.hpp>
#include <hocket/threading.hpp>

#include <chrono>
#include <cstdio>

namespace hk = hocket;
using namespace std::chrono_literals;

hk::Task<int> one() { co_return 1; }

hk::Task<int> million() {
    int sum = 0;
    for (int i = 0; i < 1'000'000; ++i) sum += co_await one();
    co_return sum;
}

hk::Task<int> hello() {
    co_await hk::sleep(1ms);
    co_return co_await million();
}

int main(int argc, char** argv) {
    hk::init(argc, argv);
    const int sum = hk::run(hello());
    std::printf("%d\n", sum);
    hk::ProcessPool pool(1);
    const int six = pool.submit([](int x) { return 2 * x; }, 3).result();
    return sum == 1'000'000 && six == 6 ? 0 : 1;
}
