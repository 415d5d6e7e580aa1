// Collects what the library reports while a test runs.
#pragma once
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "hocket/core/report.hpp"

namespace hocket::test {

/// From its construction to its destruction reports come here instead of stderr.
class ReportCapture {
public:
    ReportCapture()
        : before_(set_report_hook([this](ReportKind kind, std::string_view text) {
              std::scoped_lock guard(mutex_);
              reports_.emplace_back(kind, text);
          })) {}
    ReportCapture(const ReportCapture&) = delete;
    ReportCapture& operator=(const ReportCapture&) = delete;
    ~ReportCapture() { set_report_hook(std::move(before_)); }

    std::size_t count() const {
        std::scoped_lock guard(mutex_);
        return reports_.size();
    }
    /// The texts so far, each followed by a newline.
    std::string text() const {
        std::scoped_lock guard(mutex_);
        std::string all;
        for (const auto& [kind, text] : reports_) all += text + "\n";
        return all;
    }
    ReportKind kind(std::size_t index) const {
        std::scoped_lock guard(mutex_);
        return reports_.at(index).first;
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::pair<ReportKind, std::string>> reports_;
    ReportHook before_;  // last: installing the hook uses the others
};

}  // namespace hocket::test
