#include "load/command_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace hocket::load {
namespace {

using namespace std::chrono_literals;

LoadOptions options_for(const std::string& url) {
    LoadOptions options;
    options.url = parse_url(url);
    options.duration = 10s;
    options.threads = 2;
    return options;
}

TEST(CommandText, RepeatsTheRun) {
    EXPECT_EQ(to_command(options_for("http://127.0.0.1:8080/")),
              "hocket load -z 10s -c 50 -t 2 --timeout 30s http://127.0.0.1:8080/");

    LoadOptions options = options_for("https://a/?x=1&y=it's");
    options.requests = 1000;
    options.duration = 90s;
    options.request = {
        .method = "PUT", .headers = {"Accept: text/html", "X-Empty;", "Accept:"}, .body = R"({"a": 'b'})"};
    options.insecure = true;
    options.timeout = 250ms;
    EXPECT_EQ(
        to_command(options),
        R"(hocket load -n 1000 -z 1m30s -c 50 -t 2 -m PUT -H 'Accept: text/html' -H 'X-Empty;' -H Accept: -d '{"a": '\''b'\''}' )"
        R"(--timeout 250ms -k 'https://a/?x=1&y=it'\''s')");
}

TEST(CommandText, LeavesOutTheMethodThatABodyImplies) {
    LoadOptions options = options_for("a");
    options.request = {.method = "POST", .body = ""};
    EXPECT_EQ(to_command(options), "hocket load -z 10s -c 50 -t 2 -d '' --timeout 30s http://a/");
    options.request.method = "GET";
    EXPECT_THAT(to_command(options), testing::HasSubstr(" -m GET "));
}

TEST(CommandText, KeepsSecretsAndLongBodiesToItself) {
    LoadOptions options = options_for("http://user:pass@a/");
    options.request.headers = {"Authorization: Bearer 12345", "X-API-KEY: 12345", "Cookie: id=12345", "Accept: */*"};
    options.request.body = std::string(5000, '1') + "2345";
    options.request.method = "POST";
    const std::string command = to_command(options);
    EXPECT_THAT(command, testing::Not(testing::HasSubstr("2345")));
    EXPECT_THAT(command, testing::Not(testing::HasSubstr("pass")));
    EXPECT_THAT(command,
                testing::HasSubstr("-H 'Authorization: ***' -H 'X-API-KEY: ***' -H 'Cookie: ***' -H 'Accept: */*'"));
    EXPECT_THAT(command, testing::HasSubstr("-d '(5004 bytes)'"));
    options.data_file = "body.json";
    EXPECT_THAT(to_command(options), testing::HasSubstr(" -D body.json "));
}

}  // namespace
}  // namespace hocket::load
