#include "window.hpp"

#include <QEvent>
#include <QFrame>
#include <QHBoxLayout>
#include <QLabel>
#include <QShortcut>
#include <QSplitter>
#include <QVBoxLayout>

#include "form_panel.hpp"
#include "history_list.hpp"
#include "results_panel.hpp"
#include "run_panel.hpp"

namespace hocket::window {

Window::Window(const load::LoadOptions& options, const FormExtras& extras, const load::Machine& machine)
    : machine_(machine),
      form_(new FormPanel),
      progress_(new ProgressPanel),
      figures_(new FiguresPanel),
      history_(new HistoryList),
      results_(new ResultsPanel),
      runner_([this](TestRun& run) { changed(run); }) {
    setObjectName(QStringLiteral("hocket"));
    form_->fill(form_of(options), extras);

    auto* side = new QWidget;
    auto* side_layout = new QVBoxLayout(side);
    side_layout->setContentsMargins(0, 0, 0, 0);
    side_layout->addWidget(figures_, 1);
    auto* heading = new QLabel(QStringLiteral("Tests of this sess&ion"));
    heading->setBuddy(history_);
    side_layout->addWidget(heading);
    side_layout->addWidget(history_, 1);

    auto* columns = new QSplitter(Qt::Horizontal);
    columns->addWidget(side);
    columns->addWidget(results_);
    columns->setStretchFactor(0, 0);
    columns->setStretchFactor(1, 1);
    columns->setChildrenCollapsible(false);
    columns->setSizes({230, 700});

    auto* layout = new QVBoxLayout(this);
    layout->setSpacing(8);
    layout->addWidget(form_);
    layout->addWidget(progress_);
    layout->addWidget(columns, 1);

    form_->on_submit = [this] { submit(); };
    form_->on_cancel = [this] { cancel(); };
    history_->on_selection = [this] { results_->show_runs(history_->selected()); };
    connect(new QShortcut(Qt::Key_Escape, this), &QShortcut::activated, this, [this] { cancel(); });
    for (const QKeySequence& keys : {QKeySequence(Qt::CTRL | Qt::Key_Return), QKeySequence(Qt::CTRL | Qt::Key_Enter)}) {
        connect(new QShortcut(keys, this), &QShortcut::activated, this, [this] {
            if (!running()) submit();
        });
    }
    connect(new QShortcut(QKeySequence::Quit, this), &QShortcut::activated, this, [this] { close(); });
    show_title();
    resize(980, 700);
}

void Window::submit() {
    if (running()) return;
    std::vector<Complaint> complaints;
    std::optional<load::LoadOptions> options = options_of(form_->form(), form_->extras(), machine_, complaints);
    form_->complain(complaints);
    if (!options) return;
    current_ = std::make_shared<TestRun>(++runs_, std::move(*options));
    history_->add(current_);
    results_->show_curves_page();
    show_current();
    runner_.start(current_);
}

void Window::cancel() {
    if (!running()) return;
    runner_.cancel(*current_);
    show_current();
    history_->refresh(*current_);
}

void Window::changed(TestRun& run) {
    if (run.summary()) history_->refresh(run);
    if (&run != current_.get()) {
        results_->refresh();
        return;
    }
    progress_->show_run(&run);
    show_title();
    // The figures of now and the charts move when there is a new sample, so that they can be read.
    if (run.samples().size() == samples_shown_ && !run.summary()) return figures_->show_counts(&run);
    samples_shown_ = run.samples().size();
    figures_->show_run(&run);
    results_->refresh();
    if (run.summary()) {
        form_->set_running(false);
        if (shows_current()) results_->show_summary_page();
    }
}

// Whoever looks at other tests meanwhile is left alone.
bool Window::shows_current() const {
    const auto shown = history_->selected();
    return shown.size() == 1 && shown.front() == current_;
}

void Window::show_current() {
    samples_shown_ = 0;
    form_->set_running(running());
    progress_->show_run(current_.get());
    figures_->show_run(current_.get());
    show_title();
}

void Window::show_title() {
    QString title = QStringLiteral("hocket");
    if (current_) {
        const QString host = QString::fromStdString(current_->options().url->host_header());
        const QString state = current_->active() ? QStringLiteral("%1 %").arg(current_->percent())
                                                 : QString::fromStdString(outcome(*current_));
        title = QStringLiteral("%1 · %2 – hocket").arg(state, host);
    }
    if (windowTitle() != title) setWindowTitle(title);
}

void Window::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() != QEvent::PaletteChange || !current_) return;
    // The panels have their new colours after this.
    QMetaObject::invokeMethod(
        this, [this] { show_current(); }, Qt::QueuedConnection);
}

}  // namespace hocket::window
