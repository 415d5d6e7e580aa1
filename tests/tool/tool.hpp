// The built program `hocket`, run as its users do.
#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "child_process.hpp"
#include "hocket/net.hpp"
#include "load/scripted_server.hpp"
#include "sanitizers.hpp"

namespace hocket::testing {

using namespace std::chrono_literals;

// What "within a second" is here.
inline constexpr auto kOneSecond = kSanitized ? 10s : 1s;

// More than enough for anything, even if the machine is busy.
inline constexpr auto kLimit = 50s;

inline std::vector<std::string> command_line(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), HOCKET_TOOL);
    return arguments;
}

// `hocket ARGUMENTS...`, started.
class Tool : public ChildProcess {
public:
    explicit Tool(std::vector<std::string> arguments) : ChildProcess(command_line(std::move(arguments))) {}
    // Waits for its end and gives the exit code, or 128 + signal.
    int result() {
        if (!wait_for(kLimit)) ADD_FAILURE() << "hocket does not end; so far it said:\n" << output << errors;
        return status();
    }
};

// `hocket ARGUMENTS...` from start to end.
class Finished {
public:
    explicit Finished(std::vector<std::string> arguments) : tool_(std::move(arguments)), code(tool_.result()) {}

private:
    Tool tool_;

public:
    const int code;
    const std::string& output = tool_.output;
    const std::string& errors = tool_.errors;
};

inline std::size_t lines(std::string_view text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

// Whether the text is one complete line.
MATCHER(IsOneLine, "is one complete line") { return lines(arg) == 1 && arg.back() == '\n'; }

// Line breaks are the only control characters.
MATCHER(HasNoControlCharacters, "has no control characters but line breaks") {
    return std::none_of(arg.begin(), arg.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < 0x20 && byte != '\n') || byte == 0x7F;
    });
}

// A server that does something at each request, then answers it with 200, or not at all.
class TestServer {
public:
    enum class Answers { all, none };
    explicit TestServer(
        Answers answers, std::function<void()> at_request = [] {})
        : answers_(answers), at_request_(std::move(at_request)) {}
    std::string url() const { return server_.url(); }
    // Blocks until so many requests have come in all.
    void wait_for_requests(int count) const {
        for (int seen = requests_; seen < count; seen = requests_) requests_.wait(seen);
    }

private:
    Task<void> serve(Socket& socket) {
        for (;;) {
            const bool asked = co_await ScriptedServer::read_request(socket);
            if (!asked) co_return;
            at_request_();
            ++requests_;
            requests_.notify_all();
            if (answers_ == Answers::all) co_await socket.async_send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        }
    }

    Answers answers_;
    std::function<void()> at_request_;
    std::atomic<int> requests_ = 0;
    ScriptedServer server_{[this](Socket& socket) { return serve(socket); }};
};
class AnsweringServer : public TestServer {
public:
    AnsweringServer() : TestServer(Answers::all) {}
};
class SilentServer : public TestServer {
public:
    SilentServer() : TestServer(Answers::none) {}
};

class TemporaryFolder {
public:
    TemporaryFolder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "hocket-tool-XXXXXX").string();
        if (!::mkdtemp(pattern.data())) throw std::runtime_error("mkdtemp");
        path_ = pattern;
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    std::string operator/(const std::string& name) const { return (path_ / name).string(); }
    void remove() const { std::filesystem::remove_all(path_); }

private:
    std::filesystem::path path_;
};

}  // namespace hocket::testing
