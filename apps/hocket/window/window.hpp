#pragma once

#include <QWidget>
#include <memory>
#include <vector>

#include "model/form.hpp"
#include "test_runner.hpp"

namespace hocket::window {

class FiguresPanel;
class FormPanel;
class HistoryList;
class ProgressPanel;
class ResultsPanel;

// The window: a form that makes load tests one after the other, and what comes of them.
class Window : public QWidget {
public:
    Window(const load::LoadOptions& options, const FormExtras& extras, const load::Machine& machine);

    // As the button and the keys do. submit() complains beside the fields if they ask for nothing that can be tested.
    void submit();
    void cancel();
    bool running() const noexcept { return current_ && current_->active(); }
    // The last test that was submitted.
    std::shared_ptr<const TestRun> current() const noexcept { return current_; }

protected:
    void changeEvent(QEvent* event) override;

private:
    void changed(TestRun& run);
    bool shows_current() const;
    void show_current();
    void show_title();

    load::Machine machine_;
    FormPanel* form_;
    ProgressPanel* progress_;
    FiguresPanel* figures_;
    HistoryList* history_;
    ResultsPanel* results_;
    std::shared_ptr<TestRun> current_;
    std::size_t samples_shown_ = 0;
    unsigned runs_ = 0;
    TestRunner runner_;  // first to go
};

}  // namespace hocket::window
