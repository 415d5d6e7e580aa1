// Two pages by blocking requests: one after the other, then as jobs of a pool whose futures give the bodies.
#include <hocket/futures.hpp>
#include <hocket/http.hpp>

#include <chrono>
#include <iostream>
#include <string>

#include "slow_pages.hpp"

namespace hk = hocket;
namespace http = hocket::http;
using namespace std::chrono_literals;

int main() {
    SlowPages pages(10ms);
    http::BlockingClient client;

    for (int i = 1; i <= 2; ++i) {
        const http::Response response = client.get(pages.url(1));
        std::cout << response.status() << '\n';
    }

    hk::ThreadPool pool(2);
    const auto fetch = [&](const std::string& url) { return std::string(client.get(url).body()); };
    hk::Future<std::string> a = pool.submit(fetch, pages.url(1));
    hk::Future<std::string> b = pool.submit(fetch, pages.url(2));
    std::cout << a.result() << '\n' << b.result() << '\n';
}
