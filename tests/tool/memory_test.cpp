// How much memory `hocket load` takes for many connections.
#include <sys/resource.h>

#include "tool/tool.hpp"

namespace hocket::testing {
namespace {

#ifdef NDEBUG
constexpr bool kOptimised = true;
#else
constexpr bool kOptimised = false;
#endif

using nlohmann::json;

struct Size {
    std::uint64_t connections;
    long limit_kib;
};

class LoadMemory : public ::testing::TestWithParam<Size> {};
INSTANTIATE_TEST_SUITE_P(Of, LoadMemory, ::testing::Values(Size{500, 10 * 1024}, Size{10'000, 16 * 1024}),
                         [](const auto& info) { return std::to_string(info.param.connections) + "Connections"; });

TEST_P(LoadMemory, StaysSmall) {
    const auto [connections, limit_kib] = GetParam();
    if (kSanitized || !kOptimised) GTEST_SKIP() << "only release builds without sanitizers have sizes that matter";
    rlimit descriptors{};
    ::getrlimit(RLIMIT_NOFILE, &descriptors);
    if (descriptors.rlim_max < connections + 100) {
        GTEST_SKIP() << "NOT TESTED: " << connections << " connections need a hard limit of " << connections + 100
                     << " open files, it is " << descriptors.rlim_max << " (ulimit -Hn)";
    }
    Tool target({"serve", "--port", "0"});
    ASSERT_TRUE(target.wait_for_output("\n", kLimit));
    const std::size_t begin = target.output.find("http://");
    const std::string url = target.output.substr(begin, target.output.find(' ', begin) - begin);

    const std::uint64_t requests = 5 * connections;
    Tool load({"load", url, "-c", std::to_string(connections), "-n", std::to_string(requests), "--json", "-"});
    ASSERT_EQ(load.result(), 0);
    const json report = json::parse(load.output);
    EXPECT_EQ(report["status"], json({{"200", requests}})) << load.errors;
    EXPECT_EQ(report["errors"]["total"], 0) << load.errors;
    EXPECT_EQ(report["options"]["connections"], connections);
    EXPECT_LT(load.peak_kib(), limit_kib);
    RecordProperty("peak_kib", std::to_string(load.peak_kib()));
}

}  // namespace
}  // namespace hocket::testing
