// Counts the commits of some repositories whose lists come in pages. One thread fetches, one parses and finds out what
// is to be fetched next, one writes the log; queues between them. Fetching goes on while pages are parsed, a page that
// cannot be had costs no more than itself, and all three end by themselves.
//
//     commits [MILLISECONDS]        how long the server takes for a page, and the parser too
#include <hocket/http.hpp>
#include <hocket/queue.hpp>
#include <hocket/threading.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../arguments.hpp"
#include "../local_server.hpp"

namespace hk = hocket;
namespace http = hocket::http;

constexpr int kPerPage = 10;

// ---- the server

// Repositories are called by how many commits they have: "/repos/17/commits" has two pages. "/repos/flaky/commits" has
// three, of which the second one fails.
hk::Task<http::Response> commits(const http::Request& request, std::chrono::milliseconds delay) {
    co_await hk::sleep(delay);
    const std::string repository = request.parameter("repository");
    const bool flaky = repository == "flaky";
    const int count = flaky ? 3 * kPerPage : std::stoi(repository);
    const int page = std::stoi(request.query("page").value_or("1"));
    if (flaky && page == 2) co_return http::Response::json(502, R"({"message":"try again later"})");
    nlohmann::json list = nlohmann::json::array();
    for (int i = (page - 1) * kPerPage; i < std::min(page * kPerPage, count); ++i)
        list.push_back({{"sha", repository + "-" + std::to_string(i)}});
    http::Response response = http::Response::json(200, list.dump());
    const std::string path = "<" + std::string(request.path()) + "?page=";
    std::string link;
    if (page * kPerPage < count) link = path + std::to_string(page + 1) + ">; rel=\"next\"";
    if (page > 1) {
        if (!link.empty()) link += ", ";
        link += path + std::to_string(page - 1) + "&then=next>; title=\"not rel=next\"; rel=\"prev\"";
    }
    if (!link.empty()) response.set_header("Link", link);  // a single page has none
    co_return response;
}

// ---- the links of a response

std::string_view until(std::string_view& text, char end) {
    const std::string_view part = text.substr(0, text.find(end));
    text.remove_prefix(std::min(part.size() + 1, text.size()));
    return part;
}
std::string_view without_spaces(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

// The target of the link with rel="next" (RFC 8288), if there is one:
// `<https://host/list?page=2>; rel="next", <https://host/list?page=9>; rel="last"`.
std::optional<std::string> next_page(std::string_view links) {
    while (links.find('<') != links.npos) {
        until(links, '<');
        const std::string target(until(links, '>'));
        bool is_next = false;
        while (without_spaces(links).starts_with(';')) {
            until(links, ';');
            const std::string_view name = without_spaces(until(links, '='));
            std::string_view value;
            if (links.starts_with('"')) {
                links.remove_prefix(1);
                value = until(links, '"');  // may hold commas and semicolons
            } else {
                value = without_spaces(links.substr(0, links.find_first_of(",;")));
                links.remove_prefix(std::min(links.find_first_of(",;"), links.size()));
            }
            is_next = is_next || (name == "rel" && value == "next");
        }
        if (is_next) return target;
    }
    return std::nullopt;
}

// ---- the three threads

class Page {
public:
    std::string server;
    std::string target;  // "/repos/17/commits?page=2"
    http::Response response;
};

class CommitCount {
public:
    CommitCount(std::string server, const std::vector<std::string>& repositories, std::chrono::milliseconds parsing)
        : parsing_(parsing) {
        for (const std::string& repository : repositories) want(server, "/repos/" + repository + "/commits");
        want("http://127.0.0.1:1", "/repos/1/commits");  // nobody is there
    }

    int run() {
        hk::Thread fetcher({.name = "fetch"}, [this] {
            for (Page& page : to_fetch_) fetch(std::move(page));  // until it is shut down
        });
        hk::Thread parser({.name = "parse"}, [this] {
            for (Page& page : to_parse_) parse(std::move(page));
        });
        hk::Thread writer({.name = "log"}, [this] {
            for (const std::string& line : log_) std::cout << line << '\n';  // one writer: the columns stay in theirs
        });
        to_fetch_.join();  // until every page that is wanted has been dealt with, and has named no other
        to_fetch_.shutdown();
        to_parse_.shutdown();
        fetcher.join();
        parser.join();
        log_.shutdown();
        writer.join();
        return found_;
    }
    int parsed_while_fetching() const { return parsed_while_fetching_; }

private:
    void want(const std::string& server, const std::string& target) {
        Page page;
        page.server = server;
        page.target = target;
        to_fetch_.put(std::move(page));
    }
    void fetch(Page page) {
        left("fetching " + page.target);
        try {
            fetches_ = true;
            page.response = client_.get(page.server + page.target);
            fetches_ = false;
            if (page.response.status() != 200)
                throw std::runtime_error("status " + std::to_string(page.response.status()));
            to_parse_.put(std::move(page));  // waits when the parser is far behind
        } catch (const std::exception& error) {
            fetches_ = false;
            left("failed: " + std::string(error.what()));
            to_fetch_.task_done();  // as good as it gets
        }
    }
    void parse(Page page) {
        right("parsing " + page.target);
        const auto list = nlohmann::json::parse(page.response.body(), nullptr, false);
        hk::this_thread::sleep_for(parsing_ / 2);  // it looks closely
        if (fetches_) ++parsed_while_fetching_;
        hk::this_thread::sleep_for(parsing_ / 2);
        if (list.is_array()) {
            found_ += static_cast<int>(list.size());
            right("found " + std::to_string(list.size()));
            if (const auto next = next_page(page.response.header("Link"))) want(page.server, *next);
        } else {
            right("failed: no list of commits");
        }
        to_fetch_.task_done();  // after the next page was put, so that join() does not return between
    }
    void left(const std::string& text) { log_.put(text); }
    void right(const std::string& text) { log_.put(std::string(40, ' ') + text); }

    const std::chrono::milliseconds parsing_;
    http::BlockingClient client_;
    hk::Queue<Page> to_fetch_;     // no more than one page of each repository at a time
    hk::Queue<Page> to_parse_{4};  // bounded: the parser may be slower
    hk::Queue<std::string> log_{100};
    int found_ = 0;
    int parsed_while_fetching_ = 0;
    std::atomic<bool> fetches_{false};
};

int main(int argc, char** argv) {
    Arguments arguments(argc, argv, "commits [MILLISECONDS]");
    const std::chrono::milliseconds delay(arguments.number("MILLISECONDS", 5, 0, 60'000));
    arguments.end();
    const LocalServer server([&](http::Server& routes) {
        routes.get("/repos/{repository}/commits",
                   [delay](const http::Request& request) { return commits(request, delay); });
    });
    CommitCount count(server.url(""), {"35", "7", "flaky", "0", "20"}, delay);
    const int found = count.run();
    std::cout << found << " commits found, " << count.parsed_while_fetching()
              << " pages parsed while others were fetched\n";
}
