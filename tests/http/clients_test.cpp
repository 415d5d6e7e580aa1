// Clients that others have written: curl, wrk, ab.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <thread>

#include "hocket/http.hpp"

namespace hocket::http {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

Task<Response> answer(const Request& request) {
    if (request.path() == "/echo") co_return Response::text(200, request.body());
    if (request.path() == "/chunked") co_return std::move(Response::text(200, std::string(100'000, 'c')).chunked(777));
    if (request.path() == "/large") co_return Response::text(200, std::string(5'000'000, 'l'));
    if (request.path() == "/none") co_return Response::empty(204);
    co_return Response::text(200, "Hello, world\n");
}

// A server in a thread of its own.
class ServerThread {
public:
    ServerThread() {
        Promise<std::uint16_t> listening;
        const Future<std::uint16_t> port = listening.future();
        thread_ = std::thread([this, &listening] { run(serve(listening, stop_.future())); });
        port_ = port.result();
    }
    ServerThread(const ServerThread&) = delete;
    ServerThread& operator=(const ServerThread&) = delete;
    ~ServerThread() {
        stop_.set_result();
        thread_.join();
    }
    std::string url(const std::string& path) const { return "http://127.0.0.1:" + std::to_string(port_) + path; }

private:
    static Task<void> serve(Promise<std::uint16_t>& listening, Future<void> stop) {
        Server server;
        server.handle(answer);
        co_await server.listen("127.0.0.1", 0);
        listening.set_result(server.port());
        co_await shield(stop);
        co_await server.close();
    }

    Promise<void> stop_;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

struct Output {
    std::string text;
    int code = -1;
};

// What a command writes to standard output and error.
Output output_of(const std::string& command) {
    Output output;
    FILE* const pipe = ::popen((command + " 2>&1").c_str(), "r");
    if (!pipe) throw std::system_error(errno, std::generic_category(), "start " + command);
    std::array<char, 4096> buffer;
    while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), pipe))
        output.text.append(buffer.data(), size);
    output.code = ::pclose(pipe);
    return output;
}

class Clients : public testing::Test {
protected:
    ServerThread server;
};

// Why a test cannot run; empty if it can.
std::string lacking(const char* program) {
    if (output_of(std::string("command -v ") + program).code == 0) return {};
    return std::string("!!! ") + program + " is not installed: nothing was tested (./test installs it)";
}

// Removes itself.
class TemporaryFile {
public:
    explicit TemporaryFile(const std::string& content)
        : path_(std::filesystem::temp_directory_path() / ("hocket-clients-" + std::to_string(::getpid()))) {
        std::ofstream(path_) << content;
    }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    ~TemporaryFile() { std::filesystem::remove(path_); }
    std::string path() const { return path_.string(); }

private:
    std::filesystem::path path_;
};

TEST_F(Clients, CurlGets) {
    if (const std::string why = lacking("curl"); !why.empty()) GTEST_SKIP() << why;
    const Output once = output_of("curl -sSi --noproxy '*' " + server.url("/"));
    EXPECT_EQ(once.code, 0);
    EXPECT_THAT(once.text, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(once.text, EndsWith("\r\n\r\nHello, world\n"));
    const Output old = output_of("curl -sS --noproxy '*' --http1.0 " + server.url("/"));
    EXPECT_EQ(old.text, "Hello, world\n");
    const Output head = output_of("curl -sSI --noproxy '*' " + server.url("/large"));
    EXPECT_EQ(head.code, 0);
    EXPECT_THAT(head.text, HasSubstr("Content-Length: 5000000\r\n"));
    const Output none = output_of("curl -sSi --noproxy '*' " + server.url("/none"));
    EXPECT_EQ(none.code, 0);
    EXPECT_THAT(none.text, StartsWith("HTTP/1.1 204 No Content\r\n"));
}

TEST_F(Clients, CurlReadsChunksAndLargeBodies) {
    if (const std::string why = lacking("curl"); !why.empty()) GTEST_SKIP() << why;
    const Output chunked = output_of("curl -sS --noproxy '*' " + server.url("/chunked"));
    EXPECT_EQ(chunked.code, 0);
    EXPECT_EQ(chunked.text, std::string(100'000, 'c'));
    const Output large = output_of("curl -sS --noproxy '*' -o /dev/null -w '%{size_download}' " + server.url("/large"));
    EXPECT_EQ(large.text, "5000000");
}

TEST_F(Clients, CurlUsesItsConnectionAgain) {
    if (const std::string why = lacking("curl"); !why.empty()) GTEST_SKIP() << why;
    const std::string url = server.url("/");
    const Output output = output_of("curl -sS --noproxy '*' -w '%{num_connects} ' -o /dev/null " + url +
                                    " -o /dev/null " + url + " -o /dev/null " + url);
    EXPECT_EQ(output.text, "1 0 0 ");
}

TEST_F(Clients, CurlPosts) {
    if (const std::string why = lacking("curl"); !why.empty()) GTEST_SKIP() << why;
    const std::string content(3'000'000, 'p');
    const TemporaryFile file(content);
    const std::string curl = "curl -sS --noproxy '*' ";
    const Output small = output_of(curl + "-d 'a body' " + server.url("/echo"));
    EXPECT_EQ(small.text, "a body");
    // By length, where curl asks whether to continue, and in chunks.
    const Output large =
        output_of(curl + "-H 'Expect: 100-continue' --data-binary @" + file.path() + " " + server.url("/echo"));
    EXPECT_EQ(large.code, 0);
    EXPECT_TRUE(large.text == content);
    const Output chunks = output_of(curl + "-H 'Transfer-Encoding: chunked' -H 'Expect:' --data-binary @" +
                                    file.path() + " " + server.url("/echo"));
    EXPECT_EQ(chunks.code, 0);
    EXPECT_TRUE(chunks.text == content);
}

TEST_F(Clients, WrkFindsNoFault) {
    if (const std::string why = lacking("wrk"); !why.empty()) GTEST_SKIP() << why;
    const Output output = output_of("wrk -t1 -c20 -d1s " + server.url("/"));
    EXPECT_EQ(output.code, 0);
    EXPECT_THAT(output.text, HasSubstr("requests in"));
    EXPECT_THAT(output.text, Not(HasSubstr("Socket errors")));
    EXPECT_THAT(output.text, Not(HasSubstr("Non-2xx")));
}

void expect_all_well(const Output& output, int requests) {
    EXPECT_EQ(output.code, 0) << output.text;
    EXPECT_THAT(output.text, testing::ContainsRegex("Complete requests: +" + std::to_string(requests) + "\n"));
    EXPECT_THAT(output.text, testing::ContainsRegex("Failed requests: +0\n"));
    EXPECT_THAT(output.text, Not(HasSubstr("Non-2xx")));
}

TEST_F(Clients, AbFindsNoFault) {
    if (const std::string why = lacking("ab"); !why.empty()) GTEST_SKIP() << why;
    const Output single = output_of("ab -q -n 1000 -c 10 " + server.url("/"));
    expect_all_well(single, 1000);
    const Output kept = output_of("ab -q -k -n 2000 -c 10 " + server.url("/"));
    expect_all_well(kept, 2000);
    EXPECT_THAT(kept.text, testing::ContainsRegex("Keep-Alive requests: +2000\n"));
    const TemporaryFile file(std::string(10'000, 'b'));
    const Output posts = output_of("ab -q -k -n 500 -c 5 -T text/plain -p " + file.path() + " " + server.url("/echo"));
    expect_all_well(posts, 500);
    EXPECT_THAT(posts.text, HasSubstr("Document Length:        10000 bytes"));
}

}  // namespace
}  // namespace hocket::http
