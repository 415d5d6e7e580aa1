#pragma once

#include <QTabWidget>
#include <memory>
#include <vector>

#include "model/test_run.hpp"

class QPlainTextEdit;
class QPushButton;
class QStackedWidget;

namespace hocket::window {

class BandChart;
class CurveChart;
class StatusLine;

// What came of one run, or of two laid over each other: the charts over time, the spread of latencies, the summary.
class ResultsPanel : public QTabWidget {
public:
    using Runs = std::vector<std::shared_ptr<const TestRun>>;

    explicit ResultsPanel(QWidget* parent = nullptr);

    // Shows these, at most two; the summary is the first one's.
    void show_runs(Runs runs);
    // They have gone on: the curves, and whatever came with the end.
    void refresh();

    void show_curves_page();
    void show_summary_page();

private:
    QWidget* make_summary_page();
    void refresh_curves();
    void refresh_ends();
    void refresh_summary();
    void save();
    void copy();
    void changeEvent(QEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;

    Runs runs_;
    std::vector<bool> ended_;  // of runs_, as shown
    CurveChart* rate_;
    CurveChart* latency_;
    BandChart* bands_;
    QStackedWidget* curves_page_;
    QStackedWidget* bands_page_;
    QPlainTextEdit* text_ = nullptr;
    QPushButton* save_ = nullptr;
    QPushButton* copy_ = nullptr;
    StatusLine* said_ = nullptr;
};

}  // namespace hocket::window
