// A name server that takes its time stalls nobody but who asked: names are looked up on threads of their own. (The
// stalls that one sees in programs of threads and loops alike are often look-ups within the loop.) The slow name server
// is a getaddrinfo() in this program, which the library finds in place of the system's.
//
//     slow_names [MILLISECONDS]        how long it takes to look up a name
#include <hocket/aio.hpp>
#include <hocket/http.hpp>
#include <hocket/net.hpp>
#include <hocket/threading.hpp>

#include <dlfcn.h>
#include <netdb.h>

#include <atomic>
#include <chrono>
#include <iostream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "../arguments.hpp"
#include "../local_server.hpp"

namespace hk = hocket;
namespace http = hocket::http;
using namespace std::chrono_literals;

std::chrono::milliseconds look_up_time(100);
std::atomic<int> looked_up{0};

extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** result) {
    using Function = int(const char*, const char*, const addrinfo*, addrinfo**);
    static auto* const of_the_system = reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    const bool only_numbers = hints && (hints->ai_flags & AI_NUMERICHOST) != 0;
    if (node && std::string_view(node) == "slow.test" && !only_numbers) {
        std::this_thread::sleep_for(look_up_time);
        ++looked_up;
        node = "127.0.0.1";
    }
    return of_the_system(node, service, hints, result);
}

hk::Task<void> tick(int& ticks) {
    for (;; ++ticks) co_await hk::sleep(1ms);
}

// How often another task has run meanwhile.
hk::Task<int> ticks_during(hk::Task<void> work) {
    int ticks = 0;
    co_await hk::race(std::move(work), tick(ticks));  // which ends the loser before it returns
    co_return ticks;
}

hk::Task<void> resolve() { co_await hk::resolve("slow.test", 80); }

hk::Task<void> get(std::string url) {
    http::Client client;
    const http::Response response = co_await client.get(url);
    if (response.status() != 200) std::cout << "status " << response.status() << '\n';
}

// What not to do.
hk::Task<void> resolve_within_the_loop() {
    addrinfo* result = nullptr;
    if (::getaddrinfo("slow.test", "80", nullptr, &result) == 0) ::freeaddrinfo(result);
    co_return;
}

hk::Task<void> compare(std::string url) {
    const int while_resolving = co_await ticks_during(resolve());
    std::cout << "resolve(): another task has run " << while_resolving << " times\n";
    const int while_getting = co_await ticks_during(get(url));
    std::cout << "an HTTP request: another task has run " << while_getting << " times\n";
    const int while_blocked = co_await ticks_during(resolve_within_the_loop());
    std::cout << "getaddrinfo() within the loop: another task has run " << while_blocked << " times\n";
}

// Threads do not wait for each other's names either: eight look-ups take the time of one or two.
void in_threads() {
    const auto begin = std::chrono::steady_clock::now();
    std::vector<hk::Thread> threads;
    for (int i = 0; i < 8; ++i) threads.emplace_back([] { (void)hk::resolve_blocking("slow.test", 80); });
    for (hk::Thread& thread : threads) thread.join();
    const auto taken = std::chrono::steady_clock::now() - begin;
    std::cout << "eight threads: the time of "
              << static_cast<double>(taken / 1ms) / static_cast<double>(look_up_time / 1ms) << " look-ups\n";
}

int main(int argc, char** argv) {
    Arguments arguments(argc, argv, "slow_names [MILLISECONDS]");
    look_up_time = std::chrono::milliseconds(arguments.number("MILLISECONDS", 100, 1, 60'000));
    arguments.end();
    const LocalServer server([](http::Server& routes) {
        routes.get("/", [](const http::Request&) -> hk::Task<http::Response> { co_return http::Response::empty(200); });
    });
    std::string url = server.url();
    url.replace(url.find("127.0.0.1"), 9, "slow.test");
    hk::run(compare(url));
    in_threads();
    std::cout << looked_up << " slow look-ups in all\n";
}
