// `hocket load`: whole runs.
#include <atomic>
#include <fstream>
#include <map>

#include "held_port.hpp"
#include "nginx.hpp"
#include "tool/tool.hpp"

namespace hocket::testing {
namespace {

using nlohmann::json;
using ::testing::ContainsRegex;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

json read_json(const std::string& path) {
    std::ifstream file(path);
    return json::parse(file);
}

TEST(ToolLoad, TestsTheEmbeddedTargetIfGivenNoUrl) {
    const Finished run({"load", "-n", "1000", "-c", "10"});
    EXPECT_EQ(run.code, 0);
    EXPECT_THAT(run.errors, IsOneLine());
    EXPECT_THAT(run.errors, StartsWith("No URL given: testing the embedded target at http://127.0.0.1:"));
    EXPECT_THAT(run.output, ContainsRegex("Requests +1,000 "));
    EXPECT_THAT(run.output, ContainsRegex("Status +200 +1,000 +100"));
    EXPECT_THAT(run.output, ContainsRegex("Errors +none"));
}

TEST(ToolLoad, SaysWhetherItWasTheBottleneckItself) {
    const Finished run({"load", "-n", "100"});
    EXPECT_THAT(run.output, ContainsRegex("\n  Generator +[0-9.]+ ?% busy, (not )?the bottleneck\n"));
}

TEST(ToolLoad, SendsExactlyAsManyRequestsAsAskedFor) {
    Nginx nginx("location / { return 200 'hello'; }");
    const Finished run({"load", nginx.url("/"), "-n", "10000", "-c", "7", "-t", "2"});
    EXPECT_EQ(run.code, 0);
    EXPECT_THAT(run.output, ContainsRegex("Requests +10,000 "));
    EXPECT_THAT(run.errors, IsEmpty());
    nginx.stop();
    EXPECT_EQ(nginx.log().size(), 10'000u);
}

TEST(ToolLoad, SendsWhatItIsTold) {
    Nginx nginx("location / { return 200 'hello'; }");
    const TemporaryFolder folder;
    std::ofstream(folder / "body") << std::string(5000, 'b');
    EXPECT_EQ(Finished({"load", nginx.url("/"), "-n", "3", "-d", "{\"a\":1}"}).code, 0);
    EXPECT_EQ(Finished({"load", nginx.url("/"), "-n", "4", "-m", "PUT", "-D", folder / "body"}).code, 0);
    EXPECT_EQ(Finished({"load", nginx.url("/"), "-n", "5", "-m", "HEAD"}).code, 0);
    nginx.stop();
    std::map<std::string, int> log;
    for (const std::string& line : nginx.log()) ++log[line];
    EXPECT_THAT(log, ::testing::ElementsAre(std::pair("200 HEAD - 0", 5), std::pair("200 POST 7 5", 3),
                                            std::pair("200 PUT 5000 5", 4)));
}

TEST(ToolLoad, WritesJsonToStandardOutputAndTheTextBesideIt) {
    const AnsweringServer server;
    const Finished run({"load", server.url(), "-n", "500", "-c", "5", "--json", "-"});
    EXPECT_EQ(run.code, 0);
    const json report = json::parse(run.output);  // throws if there is anything else
    EXPECT_EQ(report["schema"], "hocket-load-1");
    EXPECT_EQ(report["url"], server.url());
    EXPECT_EQ(report["requests"], 500);
    EXPECT_EQ(report["status"], json({{"200", 500}}));
    EXPECT_EQ(report["errors"]["total"], 0);
    EXPECT_EQ(report["interrupted"], false);
    EXPECT_GT(report["generator"]["cpu_s"], 0);
    EXPECT_THAT(run.errors, HasSubstr("Latency"));
    EXPECT_THAT(run.errors, ContainsRegex("Requests +500 "));
}

TEST(ToolLoad, WritesJsonToAFile) {
    const AnsweringServer server;
    const TemporaryFolder folder;
    std::ofstream(folder / "report.json") << std::string(100'000, 'x');  // replaced, not overwritten in part
    const Finished run({"load", server.url(), "-n", "500", "--json", folder / "report.json"});
    EXPECT_EQ(run.code, 0);
    EXPECT_EQ(read_json(folder / "report.json")["requests"], 500);
    EXPECT_THAT(run.output, HasSubstr("Latency"));
    EXPECT_THAT(run.errors, IsEmpty());
}

TEST(ToolLoad, SaysThatItCannotWriteTheReport) {
    const AnsweringServer server;
    const Finished full({"load", server.url(), "-n", "5", "--json", "/dev/full"});
    EXPECT_EQ(full.code, 1);
    EXPECT_EQ(full.errors, "hocket: cannot write the JSON report to '/dev/full': No space left on device\n");
    EXPECT_THAT(full.output, HasSubstr("Latency")) << "the result must not be lost";

    const TemporaryFolder folder;
    const TestServer removes_it(TestServer::Answers::all, [&] { folder.remove(); });
    const std::string path = folder / "report.json";
    const Finished gone({"load", removes_it.url(), "-n", "5", "--json", path});
    EXPECT_EQ(gone.code, 1);
    EXPECT_EQ(gone.errors, "hocket: cannot write the JSON report to '" + path + "': No such file or directory\n");
    EXPECT_THAT(gone.output, HasSubstr("Latency")) << "the result must not be lost";
}

TEST(ToolLoad, SaysThatStandardOutputCannotBeWritten) {
    const AnsweringServer server;
    const std::string complaint = "hocket: cannot write to standard output: No space left on device\n";
    for (const std::vector<std::string>& arguments : {std::vector<std::string>{"load", "-n", "5", server.url()},
                                                      {"load", "-n", "5", "--json", "-", server.url()},
                                                      {"load", "--help"},
                                                      {"--version"}}) {
        std::vector<std::string> command{"sh", "-c", "exec \"$0\" \"$@\" >/dev/full", HOCKET_TOOL};
        command.insert(command.end(), arguments.begin(), arguments.end());
        ChildProcess tool(command);
        EXPECT_TRUE(tool.wait_for(kLimit));
        EXPECT_EQ(tool.status(), 1);
        EXPECT_THAT(tool.errors, EndsWith(complaint));
    }
}

TEST(ToolLoad, GoesOnWhenNobodyCanReadItsMessages) {
    const AnsweringServer server;
    const std::vector<std::pair<std::vector<std::string>, int>> cases{
        {{"load", "-n", "5"}, 0}, {{"load", server.url(), "-n", "5"}, 0}, {{"load", server.url(), "surplus"}, 2}};
    for (const char* redirection : {"2>&-", "2>/dev/full", "0<&- 2>&-"}) {
        for (const auto& [arguments, code] : cases) {
            std::vector<std::string> command{"sh", "-c", std::string("exec \"$0\" \"$@\" ") + redirection, HOCKET_TOOL};
            command.insert(command.end(), arguments.begin(), arguments.end());
            ChildProcess tool(command);
            EXPECT_TRUE(tool.wait_for(kLimit));
            EXPECT_EQ(tool.status(), code) << redirection;
        }
    }
}

TEST(ToolLoad, TellsProgramsTooThatTheServerWasNotReached) {
    const HeldPort held;
    const std::uint16_t port = held.port();
    const Finished refused({"load", "127.0.0.1:" + std::to_string(port), "--json", "-"});
    EXPECT_EQ(refused.code, 1);
    const json report = json::parse(refused.output);
    EXPECT_EQ(report["failure"]["kind"], "connect");
    EXPECT_THAT(report["failure"]["message"], HasSubstr("refused"));
    EXPECT_EQ(report["requests"], 0);
    const Finished unknown({"load", "http://no-such-host.invalid/", "--json", "-"});
    EXPECT_EQ(json::parse(unknown.output)["failure"]["kind"], "resolve");
}

TEST(ToolLoad, SendsNoControlCharactersToWhatIsNoTerminal) {
    const AnsweringServer server;
    ::setenv("TERM", "xterm-256color", 1);
    for (const std::vector<std::string>& more :
         {std::vector<std::string>{}, {"--json", "-"}, {"-q"}, {"-c", "1", "-m", "HEAD"}}) {
        std::vector<std::string> arguments{"load", server.url(), "-z", "350ms"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        const Finished run(arguments);
        EXPECT_EQ(run.code, 0);
        EXPECT_THAT(run.output, HasNoControlCharacters());
        EXPECT_THAT(run.errors, HasNoControlCharacters());
        EXPECT_THAT(run.output, Not(IsEmpty()));
    }
}

TEST(ToolLoad, RunsForTheTimeGiven) {
    const AnsweringServer server;
    const auto started = std::chrono::steady_clock::now();
    const Finished run({"load", server.url(), "-z", "300ms", "-c", "3", "--json", "-"});
    const auto took = std::chrono::steady_clock::now() - started;
    EXPECT_EQ(run.code, 0);
    EXPECT_GE(took, 300ms);
    EXPECT_LT(took, 20s);
    const json report = json::parse(run.output);
    EXPECT_GE(report["elapsed_s"], 0.25);
    EXPECT_LT(report["elapsed_s"], 5);
    EXPECT_GT(report["requests"], 0);
    EXPECT_EQ(report["options"]["duration_s"], 0.3);
    EXPECT_EQ(report["errors"]["total"], 0);
}

TEST(ToolLoad, EndsWithAnErrorWhenNothingWasAnswered) {
    ScriptedServer server([](Socket& socket) -> Task<void> { co_await ScriptedServer::read_request(socket); });
    const Finished run({"load", server.url(), "-n", "20", "-c", "4"});
    EXPECT_EQ(run.code, 1);
    EXPECT_THAT(run.output, ContainsRegex("Errors +receive +20 "));
    EXPECT_THAT(run.errors, IsEmpty());
}

TEST(ToolLoad, EndsWellWhenOnlySomeRequestsFail) {
    std::atomic<int> answered = 0;
    ScriptedServer server([&](Socket& socket) -> Task<void> {
        const bool asked = co_await ScriptedServer::read_request(socket);
        if (asked && answered++ % 2 == 0) co_await socket.async_send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    });
    const Finished run({"load", server.url(), "-n", "20", "-c", "2"});
    EXPECT_EQ(run.code, 0);
    EXPECT_THAT(run.output, ContainsRegex("Requests +20 "));
}

TEST(ToolLoad, SaysInOneLineThatTheServerRefuses) {
    const HeldPort held;
    const std::uint16_t port = held.port();
    const std::string url = "http://127.0.0.1:" + std::to_string(port) + "/";
    const Finished run({"load", url, "-n", "20"});
    EXPECT_EQ(run.code, 1);
    EXPECT_THAT(run.output, IsEmpty());
    EXPECT_EQ(run.errors, "hocket load: cannot reach " + url + ": connect to 127.0.0.1:" + std::to_string(port) +
                              ": Connection refused\n");
}

TEST(ToolLoad, SaysInOneLineThatTheHostIsUnknown) {
    const std::string host = "no-such-host.invalid";  // RFC 6761: never exists
    const Finished run({"load", "http://" + host + "/", "-n", "20"});
    EXPECT_EQ(run.code, 1);
    EXPECT_THAT(run.output, IsEmpty());
    EXPECT_THAT(run.errors, IsOneLine());
    EXPECT_THAT(run.errors, StartsWith("hocket load: cannot reach http://" + host +
                                       "/: cannot resolve the host name \"" + host + "\": "));
}

TEST(ToolLoad, GivesUpOnAServerThatDoesNotLetItIn) {
    ListenOptions full;
    full.backlog = 0;
    const Listener listener = Listener::bind("127.0.0.1", 0, full);
    const Socket filler = run(Socket::async_connect(listener.local_address()));
    const Finished run({"load", "127.0.0.1:" + std::to_string(listener.port()), "--timeout", "50ms"});
    EXPECT_EQ(run.code, 1);
    EXPECT_THAT(run.output, IsEmpty());
    EXPECT_EQ(run.errors, "hocket load: cannot reach http://127.0.0.1:" + std::to_string(listener.port()) +
                              "/: the time limit of 0.05 s ran out\n");
}

TEST(ToolLoad, RaisesTheLimitOfOpenFilesByItself) {
    ChildProcess shell({"sh", "-c", "ulimit -S -n 64; exec \"$0\" load -n 1000 -c 400", HOCKET_TOOL});
    EXPECT_TRUE(shell.wait_for(kLimit));
    EXPECT_EQ(shell.status(), 0) << shell.errors;
    EXPECT_THAT(shell.output, ContainsRegex("Errors +none"));

    ChildProcess limited({"sh", "-c", "ulimit -n 64; exec \"$0\" load -n 1000 -c 400", HOCKET_TOOL});
    EXPECT_TRUE(limited.wait_for(kLimit));
    EXPECT_EQ(limited.status(), 2);
    EXPECT_THAT(limited.errors, IsOneLine());
    EXPECT_THAT(limited.errors, HasSubstr("ulimit -n"));
    EXPECT_THAT(limited.output, IsEmpty());
}

}  // namespace
}  // namespace hocket::testing
