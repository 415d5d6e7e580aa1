#pragma once

#include <QWidget>

#include "model/test_run.hpp"

class QPlainTextEdit;
class QProgressBar;
class QTableWidget;

namespace hocket::window {

class Figure;
class StatusLine;

// How far the current test is: the bar and the line below it.
class ProgressPanel : public QWidget {
public:
    explicit ProgressPanel(QWidget* parent = nullptr);
    // Nothing: no test has been made yet.
    void show_run(const TestRun* run);

private:
    QProgressBar* bar_;
    StatusLine* line_;
};

// What the current test's requests came to: figures of now, counts by status code and by kind of error, and an example
// of the error whose row is the current one.
class FiguresPanel : public QWidget {
public:
    explicit FiguresPanel(QWidget* parent = nullptr);
    void show_run(const TestRun* run);
    // Only the counts, which are as old as the line below the bar; the other figures are the last sample's.
    void show_counts(const TestRun* run);

protected:
    void changeEvent(QEvent* event) override;

private:
    void size_rows();
    void show_example();

    Figure* rate_;
    Figure* p50_;
    Figure* p99_;
    Figure* errors_;
    QTableWidget* counts_;
    QPlainTextEdit* example_;
};

}  // namespace hocket::window
