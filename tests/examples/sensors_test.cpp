// Rows E1-E9.
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "example.hpp"

namespace hocket::testing {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(ApiServer, AnswersFourAtATimeThoseWhoHaveTheKey) {
    const Example run("sensors/api_server");
    EXPECT_EQ(run.code, 0);
    EXPECT_EQ(run.errors, "");
    EXPECT_THAT(run.output, StartsWith(R"(200 {"sensors":[{"id":"Server","value":"0"},{"id":"CPULoad","value":0.12})"));
    EXPECT_EQ(occurrences(run.output, "403 {\"error\":\"the header X-API-KEY must have the API key\"}\n"), 2u);
    EXPECT_EQ(number_after(run.output, "key\"}\n403 {\"error\":\"the header X-API-KEY must have the API key\"}\n"), 20);
    EXPECT_THAT(run.output, HasSubstr("20 answers, at most 4 at the same time\n"));
}

TEST(ApiServer, ServesUntilItIsToldToEnd) {
    ChildProcess server({std::string(HOCKET_EXAMPLES) + "/sensors/api_server", "0"});
    EXPECT_TRUE(server.wait_for_output("\n", std::chrono::seconds(20)));
    EXPECT_THAT(server.output, StartsWith("http://127.0.0.1:"));
    server.send_signal(SIGTERM);
    EXPECT_TRUE(server.wait_for(std::chrono::seconds(20)));
    EXPECT_EQ(server.status(), 0);
    const Example wrong("sensors/api_server", {"70000"});
    EXPECT_EQ(wrong.code, 2);
    EXPECT_THAT(wrong.errors, StartsWith("PORT is a number from 0 to 65535"));
}

TEST(SelectLike, ReadsWholeDocumentsInPieces) {
    const Example run("sensors/select_like");
    EXPECT_EQ(run.code, 0);
    EXPECT_EQ(run.errors, "");
    double got = 0;
    std::istringstream lines(run.output);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("Got ")) got += number_after(line, "Got ");
    }
    EXPECT_EQ(got, 27520 + 3707 + 2255 + number_after(run.output, "Done: status 404, ")) << run.output;
    for (const char* bytes : {"27520", "3707", "2255"})
        EXPECT_THAT(run.output, HasSubstr("Done: status 200, " + std::string(bytes) + " bytes\n"));
    EXPECT_THAT(run.output, ContainsRegex("Reading from /missing\n(Got|Done: status 404)"));
    EXPECT_GE(occurrences(run.output, "socket(s) ready\n"), 2u);
}

TEST(Collector, GetsTheSamePointsByEachMethodWhoeverFails) {
    const Example run("sensors/collector", {"15", "200"});
    EXPECT_EQ(run.code, 0);
    EXPECT_EQ(run.errors, "");
    EXPECT_EQ(occurrences(run.output, " 45 points, 3 failures, "), 6u) << run.output;
    EXPECT_THAT(run.output, ContainsRegex("/locked: the header X-API-KEY must have the API key\n"));
    EXPECT_THAT(run.output, ContainsRegex("\nhttp://127.0.0.1:1: .*no connection"));
    EXPECT_THAT(run.output, ContainsRegex("/confused: the answer is no JSON\n"));

    const auto part = [&](const std::string& method) { return run.output.substr(run.output.find(method)); };
    const auto seconds = [&](const std::string& method) { return number_after(part(method), "failures, "); };
    const auto at_a_time = [&](const std::string& method) { return number_after(part(method), "at most "); };
    EXPECT_GE(seconds("sequence"), 3);  // fifteen times 200 ms
    EXPECT_EQ(at_a_time("sequence"), 1);
    const double workers = at_a_time("pool");
    EXPECT_LE(workers, 32);
    EXPECT_GE(seconds("pool"), 0.2 * std::ceil(15 / workers));
    EXPECT_LT(seconds("pool"), 3);
    EXPECT_GE(at_a_time("processes"), 2);
    for (const char* method : {"select", "threads", "tasks"}) {
        EXPECT_GE(at_a_time(method), 2) << run.output;
        EXPECT_GE(seconds(method), 0.2) << run.output;
        EXPECT_LT(seconds(method), 3) << run.output;  // what it takes at least in sequence
    }
}

TEST(Methods, TakeAsLongAsOneServerExceptOneAfterAnother) {
    const std::string picture = ::testing::TempDir() + "hocket-methods-" + std::to_string(::getpid()) + ".svg";
    const Example run("sensors/methods", {"--svg", picture, "300", "1", "1", "10"});
    EXPECT_EQ(run.code, 0);
    EXPECT_EQ(run.errors, "");
    EXPECT_THAT(run.output, StartsWith("servers   sequence     select    threads  processes      tasks\n      1"));
    const double sequence = number_after(run.output, "\n     10");
    const double select = number_after(run.output.substr(run.output.find("\n     10")), " s");
    EXPECT_GE(sequence, 3);  // ten times 300 ms
    EXPECT_LT(select, 3);
    EXPECT_THAT(run.output, ContainsRegex("10 servers\n sequence \\|#+\n   select \\|#+\n"));
    std::ifstream svg(picture);
    std::string first;
    std::getline(svg, first);
    EXPECT_THAT(first, StartsWith("<svg "));
    std::remove(picture.c_str());
    const Example unwritable("sensors/methods", {"--svg", "/no/such/folder/x.svg", "0", "1", "1"});
    EXPECT_EQ(unwritable.code, 1);
    EXPECT_EQ(unwritable.errors, "cannot write /no/such/folder/x.svg\n");
}

TEST(Collector, SaysWhatIsWrongWithItsArguments) {
    const Example run("sensors/collector", {"5", "1", "telepathy"});
    EXPECT_EQ(run.code, 2);
    EXPECT_THAT(run.errors, StartsWith("there is no method \"telepathy\"\nusage: collector"));
}

}  // namespace
}  // namespace hocket::testing
