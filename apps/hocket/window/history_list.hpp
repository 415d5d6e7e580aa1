#pragma once

#include <QListWidget>
#include <functional>
#include <memory>
#include <vector>

#include "model/test_run.hpp"

namespace hocket::window {

// The tests of this session, the last one on top. One or two can be selected; two are marked with the colours of their
// curves.
class HistoryList : public QListWidget {
public:
    explicit HistoryList(QWidget* parent = nullptr);

    // Adds it and selects it alone.
    void add(std::shared_ptr<TestRun> run);
    // It has gone on.
    void refresh(const TestRun& run);
    // At most two, the one that was chosen first first.
    std::vector<std::shared_ptr<const TestRun>> selected() const;

    std::function<void()> on_selection;

private:
    void selection_changed();
    void choose(std::vector<unsigned> numbers);

    std::vector<std::shared_ptr<TestRun>> runs_;  // as rows: the last one first
    std::vector<unsigned> chosen_;                // numbers of the selected ones, in the order of choosing
};

}  // namespace hocket::window
