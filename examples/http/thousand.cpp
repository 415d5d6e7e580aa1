// A thousand GETs: one after another, on a pool's default threads, on larger pools, with a thread for each, as tasks of
// one thread, and from tasks that hand blocking calls to a pool.
//
//     thousand [--url URL] [REQUESTS [MILLISECONDS [METHOD...]]]
//
// Without URL the server is in the program and takes so long for each page. Methods: "sequence", "pool" (as many
// threads as a ThreadPool has by default), "pool=N", "threads" (one for each request), "executor" (tasks that use such
// a pool as "pool" does), "tasks". All of them if none is given, with 100 requests of 10 ms; the big version is
// `thousand 1000 100`.
#include <hocket/aio.hpp>
#include <hocket/futures.hpp>
#include <hocket/http.hpp>

#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "../arguments.hpp"
#include "slow_pages.hpp"

namespace hk = hocket;
namespace http = hocket::http;

using Urls = std::vector<std::string>;
using Responses = std::vector<http::Response>;

http::ClientOptions as_many_connections(std::size_t count) {
    http::ClientOptions options;
    options.max_connections = options.max_connections_per_host = count;
    return options;
}

Responses one_after_another(const Urls& urls) {
    http::BlockingClient client;
    Responses responses;
    for (const std::string& url : urls) responses.push_back(client.get(url));
    return responses;
}

Responses on_a_pool(const Urls& urls, std::size_t workers) {
    http::BlockingClient client(as_many_connections(urls.size()));
    hk::ThreadPool pool(workers);
    const auto get = [&](const std::string& url) { return client.get(url); };
    Responses responses;  // in the order of the URLs
    for (http::Response& response : pool.map(get, urls)) responses.push_back(std::move(response));
    return responses;
}

hk::Task<Responses> as_tasks(const Urls& urls, std::size_t connections) {
    http::Client client(as_many_connections(connections));
    std::vector<hk::Task<http::Response>> requests;
    for (const std::string& url : urls) requests.push_back(client.get(url));
    co_return co_await hk::gather(std::move(requests));
}

hk::Task<Responses> on_a_pool_from_tasks(const Urls& urls) {
    http::BlockingClient client(as_many_connections(urls.size()));
    hk::ThreadPool pool;
    const auto get = [&](const std::string& url) { return client.get(url); };
    std::vector<hk::Task<http::Response>> requests;
    for (const std::string& url : urls) requests.push_back(hk::run_in_executor(pool, get, url));
    co_return co_await hk::gather(std::move(requests));
}

// "pool=7": the number after the "="; without one, `otherwise`.
std::size_t number_of(const Arguments& arguments, const std::string& method, std::size_t otherwise) {
    const std::size_t at = method.find('=');
    if (at == method.npos) return otherwise;
    std::string text = method.substr(at + 1);
    char* words[] = {nullptr, text.data()};
    return Arguments(2, words, arguments.usage()).number<std::size_t>("N", 1, 1, 10'000);
}

// A method by its name, and how many threads make requests.
class Method {
public:
    Method(const Arguments& arguments, const std::string& name, std::size_t requests) : name(name) {
        const std::string kind = name.substr(0, name.find('='));
        const std::size_t by_default = hk::ThreadPool().concurrency();
        if (kind == "sequence") {
            get_all = one_after_another;
        } else if (kind == "tasks") {
            const std::size_t connections = number_of(arguments, name, requests);
            get_all = [connections](const Urls& urls) { return hk::run(as_tasks(urls, connections)); };
        } else if (kind == "executor") {
            threads = by_default;
            get_all = [](const Urls& urls) { return hk::run(on_a_pool_from_tasks(urls)); };
        } else if (kind == "pool" || kind == "threads") {
            threads = kind == "threads" ? requests : number_of(arguments, name, by_default);
            get_all = [workers = threads](const Urls& urls) { return on_a_pool(urls, workers); };
        } else {
            arguments.refuse("there is no method \"" + name + "\"");
        }
    }
    std::string name;
    std::size_t threads = 1;
    std::function<Responses(const Urls&)> get_all;
};

// How many of the responses are right: "200 OK", and of a local server the page that was asked for, at its place.
std::size_t right(const Responses& responses, bool pages) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < responses.size(); ++i) {
        const bool as_asked = !pages || responses[i].body() == "page " + std::to_string(i);
        if (responses[i].status() == 200 && as_asked) ++count;
    }
    return count;
}

int main(int argc, char** argv) {
    Arguments arguments(argc, argv, "thousand [--url URL] [REQUESTS [MILLISECONDS [METHOD...]]]");
    std::string url;
    if (arguments.take("--url")) url = arguments.word();
    const auto count = arguments.number<std::size_t>("REQUESTS", 100, 1, 10'000);
    const auto delay = std::chrono::milliseconds(arguments.number("MILLISECONDS", 10, 0, 60'000));
    std::vector<Method> methods;
    while (!arguments.empty()) methods.emplace_back(arguments, arguments.word(), count);
    if (methods.empty()) {
        for (const char* name : {"sequence", "pool", "executor", "pool=32", "threads", "tasks"})
            methods.emplace_back(arguments, name, count);
    }

    std::unique_ptr<SlowPages> pages;
    if (url.empty()) pages = std::make_unique<SlowPages>(delay);
    Urls urls(count, url);
    for (std::size_t i = 0; pages && i < count; ++i) urls[i] = pages->url(i);

    for (const Method& method : methods) {
        const auto begin = std::chrono::steady_clock::now();
        const Responses responses = method.get_all(urls);
        const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
        std::printf("%-9s %5zu threads: %zu x 200 in order, %.3f s", method.name.c_str(), method.threads,
                    right(responses, pages != nullptr), taken.count());
        if (pages) std::printf(", at most %d at a time", pages->in_flight.most());
        std::printf("\n");
        std::fflush(stdout);
    }
}
