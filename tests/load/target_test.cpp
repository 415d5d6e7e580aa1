// The embedded target: what it answers, and how it starts and ends.
#include "serve/target.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <system_error>

#include "http/peer.hpp"
#include "serve/serve.hpp"

namespace hocket::serve {
namespace {

using http::Answer;
using http::get;
using http::Peer;
using http::post;
using namespace std::chrono_literals;

load::ServeOptions any_port() {
    load::ServeOptions options;
    options.port = 0;
    return options;
}

Answer ask(std::uint16_t port, std::string request) {
    const auto exchange = [](std::uint16_t to, std::string text) -> Task<Answer> {
        Peer peer = co_await Peer::connect(to);
        co_return co_await peer.ask(std::move(text));
    };
    return run(exchange(port, std::move(request)));
}

TEST(Target, AnswersAnyPathAsItsOptionsSay) {
    load::ServeOptions options = any_port();
    options.status = 418;
    options.body_size = 30;
    Target target(options);
    EXPECT_NE(target.port(), 0);
    for (const char* path : {"/", "/any/path?x=y", "/status", "/statuses/1"}) {
        const Answer answer = ask(target.port(), get(path));
        EXPECT_EQ(answer.status, 418);
        EXPECT_EQ(answer.body, "Hello, world\nHello, world\nHell");
    }
}

TEST(Target, AnswersSomePathsInOtherWays) {
    Target target(any_port());
    const std::uint16_t port = target.port();
    EXPECT_EQ(ask(port, get("/")).body, "Hello, world\n");
    EXPECT_EQ(ask(port, post("/echo", "say it again")).body, "say it again");
    EXPECT_EQ(ask(port, post("/echo", "{}", "Content-Type: application/json\r\n")).field("Content-Type"),
              "application/json");
    EXPECT_EQ(ask(port, get("/bytes?size=100k")).body.size(), 102400u);
    EXPECT_EQ(ask(port, get("/bytes?size=0")).body, "");
    const Answer chunked = ask(port, get("/chunked?size=1000&chunk=300"));
    EXPECT_EQ(chunked.chunks, 4u);
    EXPECT_EQ(chunked.body.size(), 1000u);
    EXPECT_EQ(ask(port, get("/status/503")).status, 503);
    EXPECT_EQ(ask(port, get("/status/204")).status, 204);
}

TEST(Target, RefusesWrongNumbers) {
    Target target(any_port());
    for (const char* path :
         {"/bytes?size=x", "/bytes?size=99999999999", "/bytes?size=", "/chunked?chunk=0", "/chunked?chunk=1M",
          "/status/", "/status/abc", "/status/199", "/status/600", "/status/-1", "/delay?ms=x", "/delay?ms=99999999"}) {
        EXPECT_EQ(ask(target.port(), get(path)).status, 400) << path;
    }
}

TEST(Target, WaitsBeforeItAnswers) {
    load::ServeOptions options = any_port();
    options.delay = 30ms;
    Target target(options);
    auto start = std::chrono::steady_clock::now();
    ask(target.port(), get("/"));
    EXPECT_GE(std::chrono::steady_clock::now() - start, 30ms);
    start = std::chrono::steady_clock::now();
    ask(target.port(), get("/delay?ms=20"));
    EXPECT_GE(std::chrono::steady_clock::now() - start, 20ms);
}

TEST(Target, SharesAPortAmongItsThreads) {
    load::ServeOptions options = any_port();
    options.threads = 3;
    Target target(options);
    for (int i = 0; i < 30; ++i) EXPECT_EQ(ask(target.port(), get("/")).status, 200);
}

TEST(Target, SaysWhenItCannotListen) {
    Target target(any_port());
    load::ServeOptions taken;
    taken.port = target.port();
    EXPECT_THROW(Target another(taken), std::system_error);
    load::ServeOptions nowhere = any_port();
    nowhere.host = "no.such.host.invalid";
    EXPECT_THROW(Target another(nowhere), std::invalid_argument);
}

TEST(Target, MayBeStoppedByAnyThreadAndAgain) {
    for (int i = 0; i < 20; ++i) {
        load::ServeOptions options = any_port();
        options.threads = 2;
        Target target(options);
        std::thread other([&target] { target.stop(); });
        target.stop();
        other.join();
        target.stop();
        EXPECT_THROW(ask(target.port(), get("/")), std::system_error);
    }
}

TEST(Target, EndsWhileItIsAsked) {
    load::ServeOptions options = any_port();
    options.delay = 1h;
    Target target(options);
    const auto test = [](Target& asked) -> Task<void> {
        Peer peer = co_await Peer::connect(asked.port());
        const Answer go_on =
            co_await peer.ask("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
        EXPECT_EQ(go_on.status, 100);
        co_await peer.send("hello");
        asked.stop();  // blocks this loop, which has nothing else to do, for the grace of running requests
        const std::string all = co_await peer.read_all();
        EXPECT_EQ(all, "");
    };
    run(test(target));
}

// `hocket serve` in a process of its own, since signals concern the whole of one.
class ServeProcess {
public:
    ServeProcess() {
        int ends[2];
        if (::pipe(ends) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
        process_ = ::fork();
        if (process_ == 0) {
            ::dup2(ends[1], STDOUT_FILENO);
            sigset_t set;
            ::sigemptyset(&set);
            ::sigaddset(&set, SIGINT);
            ::sigaddset(&set, SIGTERM);
            ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
            ::_exit(run_serve(any_port()));
        }
        ::close(ends[1]);
        FILE* const output = ::fdopen(ends[0], "r");
        char line[200] = "";
        if (std::fgets(line, sizeof line, output)) said_ = line;
        std::fclose(output);
    }
    const std::string& said() const { return said_; }
    std::uint16_t port() const {
        return static_cast<std::uint16_t>(std::stoi(said_.substr(said_.find("127.0.0.1:") + 10)));
    }
    // Sends a signal and gives the exit code.
    int end_by(int signal) const {
        ::kill(process_, signal);
        int status = 0;
        ::waitpid(process_, &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }

private:
    pid_t process_ = 0;
    std::string said_;
};

TEST(Serve, RunsUntilItIsToldToEnd) {
    for (const int signal : {SIGINT, SIGTERM}) {
        ServeProcess process;
        EXPECT_TRUE(process.said().starts_with("hocket serve: listening on http://127.0.0.1:")) << process.said();
        EXPECT_EQ(ask(process.port(), get("/")).status, 200);
        EXPECT_EQ(process.end_by(signal), 0);
    }
}

}  // namespace
}  // namespace hocket::serve
