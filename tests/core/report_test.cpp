#include "hocket/core/report.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "report_capture.hpp"

namespace hocket {
namespace {

TEST(Report, GoesToTheHookInForce) {
    const test::ReportCapture capture;
    detail::report(ReportKind::lost_exception, "one");
    detail::report(ReportKind::stuck_shutdown, "two");
    EXPECT_EQ(capture.text(), "one\ntwo\n");
    EXPECT_EQ(capture.kind(0), ReportKind::lost_exception);
    EXPECT_EQ(capture.kind(1), ReportKind::stuck_shutdown);
}

TEST(Report, GoesToStandardErrorWithoutAHook) {
    const ReportHook before = set_report_hook({});
    testing::internal::CaptureStderr();
    detail::report(ReportKind::lost_exception, "something was lost");
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "hocket: something was lost\n");
    set_report_hook(before);
}

TEST(Report, SurvivesAHookThatThrows) {
    ReportHook before = set_report_hook([](ReportKind, std::string_view) { throw std::runtime_error("bad hook"); });
    testing::internal::CaptureStderr();
    detail::report(ReportKind::lost_exception, "the text");
    const std::string output = testing::internal::GetCapturedStderr();
    EXPECT_NE(output.find("hook threw"), std::string::npos) << output;
    EXPECT_NE(output.find("the text"), std::string::npos) << output;
    set_report_hook(std::move(before));
}

TEST(SetReportHook, GivesTheOneBefore) {
    std::string seen;
    const ReportHook original = set_report_hook([&](ReportKind, std::string_view text) { seen += text; });
    const ReportHook first = set_report_hook({});
    ASSERT_TRUE(first);
    first(ReportKind::lost_exception, "called by hand");
    EXPECT_EQ(seen, "called by hand");
    EXPECT_FALSE(set_report_hook(original));
}

TEST(SetReportHook, MayBeCalledByAHook) {
    ReportHook before = set_report_hook([](ReportKind, std::string_view) { set_report_hook({}); });
    detail::report(ReportKind::lost_exception, "");
    EXPECT_FALSE(set_report_hook(std::move(before)));
}

TEST(SetReportHook, WaitsForNobody) {
    // Replaced while reports are made: each goes to one of the hooks, which live as long as they are used.
    constexpr int kReports = 2000;
    const auto count = std::make_shared<std::atomic<int>>(0);
    const auto hook = [&] { return [count](ReportKind, std::string_view) { ++*count; }; };
    ReportHook before = set_report_hook(hook());
    std::vector<std::thread> threads;
    for (int t = 0; t < 2; ++t) {
        threads.emplace_back([] {
            for (int i = 0; i < kReports; ++i) detail::report(ReportKind::lost_exception, "x");
        });
    }
    while (*count < kReports) set_report_hook(hook());
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(*count, 2 * kReports);
    set_report_hook(std::move(before));
}

}  // namespace
}  // namespace hocket
