#include "run_panel.hpp"

#include <QEvent>
#include <QGridLayout>
#include <QHeaderView>
#include <QItemSelectionModel>
#include <QPlainTextEdit>
#include <QProgressBar>
#include <QTableWidget>
#include <QVBoxLayout>
#include <cmath>
#include <utility>
#include <vector>

#include "figure.hpp"
#include "load/duration.hpp"
#include "load/printable.hpp"
#include "load/text_layout.hpp"
#include "theme.hpp"

namespace hocket::window {
namespace {

using std::chrono::nanoseconds;

QString text_of(const std::string& text) { return QString::fromStdString(text); }

QString number(std::uint64_t value) { return text_of(load::with_commas(value)); }

// A time that goes by, to a tenth of a second while it is short.
QString clock(nanoseconds time) {
    const double seconds = std::chrono::duration<double>(time).count();
    if (seconds < 60) return QStringLiteral("%1 s").arg(seconds, 0, 'f', 1);
    return text_of(load::format_duration(std::chrono::floor<std::chrono::seconds>(time)));
}

QString latency(std::optional<std::uint64_t> us) {
    if (!us) return QStringLiteral("–");
    return *us < 1000 ? QStringLiteral("%1 µs").arg(*us)
                      : text_of(load::format_duration(std::chrono::microseconds(*us)));
}

QString errors(std::uint64_t count) {
    return count == 0 ? QString() : QStringLiteral(" · %1 error%2").arg(number(count), count == 1 ? "" : "s");
}

QString done(const TestRun& run) {
    const auto& requests = run.options().requests;
    return (requests ? QStringLiteral("%1 of %2 done").arg(number(run.responses()), number(*requests))
                     : QStringLiteral("%1 done").arg(number(run.responses()))) +
           errors(run.progress().errors);
}

QString state_of(const TestRun& run) {
    switch (run.state()) {
        case TestRun::State::running: {
            if (!run.begun())
                return QStringLiteral("Connecting to %1 …").arg(text_of(run.options().url->host_header()));
            const auto left = run.remaining();
            return QStringLiteral("%1 · %2 elapsed%3")
                .arg(done(run), clock(run.progress().elapsed),
                     left ? QStringLiteral(", about %1 left").arg(clock(*left)) : QString());
        }
        case TestRun::State::stopping:
            return QStringLiteral("Cancelling …");
        case TestRun::State::cancelled:
            return QStringLiteral("Cancelled after %1: %2").arg(clock(run.summary()->elapsed), done(run));
        case TestRun::State::finished:
            return QStringLiteral("%1 in %2").arg(done(run), text_of(load::format_duration(run.summary()->elapsed)));
        case TestRun::State::failed:
            return QStringLiteral("%1: %2").arg(
                run.summary()->failure->kind == "generator"
                    ? QStringLiteral("The load generator failed")
                    : QStringLiteral("Cannot reach %1").arg(text_of(load::printable(run.options().url->to_string()))),
                text_of(outcome(run)));
    }
    return {};
}

}  // namespace

ProgressPanel::ProgressPanel(QWidget* parent) : QWidget(parent), bar_(new QProgressBar), line_(new StatusLine) {
    bar_->setObjectName(QStringLiteral("bar"));
    bar_->setAccessibleName(QStringLiteral("Progress"));
    bar_->setRange(0, 100);
    bar_->setValue(0);
    line_->setObjectName(QStringLiteral("status"));
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(3);
    layout->addWidget(bar_);
    layout->addWidget(line_);
    show_run(nullptr);
}

void ProgressPanel::show_run(const TestRun* run) {
    if (const int percent = run ? run->percent() : 0; percent != bar_->value()) {
        // It would draw itself at once, and wait for the display, instead of together with all else that has changed.
        bar_->setUpdatesEnabled(false);
        bar_->setValue(percent);
        bar_->setUpdatesEnabled(true);
    }
    if (!run) return line_->set(QStringLiteral("Press Enter to submit, Escape to cancel."));
    line_->set(state_of(*run), run->state() == TestRun::State::failed ? Theme(palette()).bad : QColor());
}

FiguresPanel::FiguresPanel(QWidget* parent)
    : QWidget(parent),
      rate_(new Figure(QStringLiteral("requests per second"))),
      p50_(new Figure(QStringLiteral("latency p50"))),
      p99_(new Figure(QStringLiteral("latency p99"))),
      errors_(new Figure(QStringLiteral("errors"))),
      counts_(new QTableWidget(0, 2)),
      example_(new QPlainTextEdit) {
    for (const auto& [figure, name] : {std::pair(rate_, "rate"), {p50_, "p50"}, {p99_, "p99"}, {errors_, "errors"}})
        figure->setObjectName(QString::fromLatin1(name));
    counts_->setObjectName(QStringLiteral("counts"));
    counts_->setAccessibleName(QStringLiteral("Status codes and errors"));
    counts_->horizontalHeader()->hide();
    counts_->horizontalHeader()->setSectionResizeMode(0, QHeaderView::Stretch);
    counts_->horizontalHeader()->setSectionResizeMode(1, QHeaderView::ResizeToContents);
    counts_->verticalHeader()->hide();
    counts_->setShowGrid(false);
    counts_->setFrameShape(QFrame::NoFrame);
    counts_->setEditTriggers(QAbstractItemView::NoEditTriggers);
    counts_->setSelectionMode(QAbstractItemView::SingleSelection);
    counts_->setSelectionBehavior(QAbstractItemView::SelectRows);
    counts_->setFocusPolicy(Qt::NoFocus);  // while there is nothing in it
    counts_->setTabKeyNavigation(false);
    counts_->viewport()->setAutoFillBackground(false);
    counts_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    connect(counts_, &QTableWidget::currentCellChanged, this, [this] {
        // Also when it became the current one by the focus coming in.
        counts_->selectionModel()->select(counts_->currentIndex(),
                                          QItemSelectionModel::ClearAndSelect | QItemSelectionModel::Rows);
        show_example();
    });
    // However long it is, the keys reach all of it.
    example_->setObjectName(QStringLiteral("example"));
    example_->setAccessibleName(QStringLiteral("Example of this error"));
    example_->setReadOnly(true);
    example_->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    example_->setTabChangesFocus(true);
    example_->setWordWrapMode(QTextOption::WrapAtWordBoundaryOrAnywhere);
    example_->hide();
    size_rows();

    auto* grid = new QGridLayout(this);
    grid->setContentsMargins(0, 0, 0, 0);
    grid->setVerticalSpacing(6);
    grid->addWidget(rate_, 0, 0);
    grid->addWidget(errors_, 0, 1);
    grid->addWidget(p50_, 1, 0);
    grid->addWidget(p99_, 1, 1);
    grid->addWidget(counts_, 2, 0, 1, 2);
    grid->addWidget(example_, 3, 0, 1, 2);
    grid->setColumnStretch(0, 3);
    grid->setColumnStretch(1, 2);
    show_run(nullptr);
}

void FiguresPanel::size_rows() {
    const int row = fontMetrics().height() + 4;
    counts_->verticalHeader()->setDefaultSectionSize(row);
    counts_->setMinimumHeight(2 * row);
    example_->setFixedHeight(fontMetrics().lineSpacing() * 2 +
                             2 * static_cast<int>(example_->document()->documentMargin()) + 2 * example_->frameWidth());
}

void FiguresPanel::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::FontChange) size_rows();
}

void FiguresPanel::show_run(const TestRun* run) {
    show_counts(run);
    double rate = -1;
    std::optional<std::uint64_t> p50;
    std::optional<std::uint64_t> p99;
    if (run && run->summary()) {
        const load::Summary& summary = *run->summary();
        rate = summary.requests_per_second();
        if (summary.latency.count() > 0) {
            p50 = summary.latency.value_at_percentile(50);
            p99 = summary.latency.value_at_percentile(99);
        }
    } else if (run && !run->samples().empty()) {
        const Sample& now = run->samples().back();
        rate = now.requests_per_second;
        p50 = now.p50_us;
        p99 = now.p99_us;
    }
    rate_->set(rate < 0 ? QStringLiteral("–") : number(static_cast<std::uint64_t>(std::llround(rate))));
    p50_->set(latency(p50));
    p99_->set(latency(p99));
}

void FiguresPanel::show_counts(const TestRun* run) {
    struct Row {
        QString name;
        QString count;
        QColor color;
        QString example;
    };
    std::vector<Row> rows;
    const Theme theme(palette());
    const std::uint64_t errors = run ? run->progress().errors : 0;
    errors_->set(run ? number(errors) : QStringLiteral("–"));
    errors_->set_color(errors > 0 ? theme.bad : QColor());
    if (run) {
        for (const auto& [status, count] : run->progress().statuses) {
            const QColor color = status < 300   ? theme.good
                                 : status < 400 ? theme.quiet
                                 : status < 500 ? theme.warning
                                                : theme.bad;
            rows.push_back({QStringLiteral("● %1").arg(status), number(count), color, {}});
        }
        for (std::size_t kind = 0; kind < load::error_kinds; ++kind) {
            const load::ErrorCount& error = run->progress().error_counts[kind];
            if (error.count == 0) continue;
            const auto name = load::name(static_cast<load::ErrorKind>(kind));
            rows.push_back(
                {QStringLiteral("▲ %1").arg(QString::fromUtf8(name.data(), static_cast<qsizetype>(name.size()))),
                 number(error.count), theme.bad, text_of(load::printable(error.example))});
        }
    }
    const QTableWidgetItem* current = counts_->item(counts_->currentRow(), 0);
    const QString chosen = current ? current->text() : QString();
    if (counts_->rowCount() != static_cast<int>(rows.size())) {
        counts_->setRowCount(static_cast<int>(rows.size()));
        counts_->setFocusPolicy(rows.empty() ? Qt::NoFocus : Qt::StrongFocus);
    }
    for (int i = 0; i < counts_->rowCount(); ++i) {
        const Row& row = rows[static_cast<std::size_t>(i)];
        for (int column = 0; column < 2; ++column) {
            QTableWidgetItem* item = counts_->item(i, column);
            if (!item) {
                item = new QTableWidgetItem;
                item->setTextAlignment(column == 0 ? Qt::AlignLeft | Qt::AlignVCenter
                                                   : Qt::AlignRight | Qt::AlignVCenter);
                counts_->setItem(i, column, item);
            }
            const QString& text = column == 0 ? row.name : row.count;
            if (item->text() != text) item->setText(text);
            if (column == 0 && item->foreground().color() != row.color) item->setForeground(row.color);
            if (item->toolTip() == row.example) continue;
            item->setToolTip(row.example);
            item->setData(Qt::AccessibleDescriptionRole, row.example);
        }
        // It stays chosen when others come to stand before it.
        if (!chosen.isEmpty() && row.name == chosen && counts_->currentRow() != i) counts_->setCurrentCell(i, 0);
    }
    show_example();
}

void FiguresPanel::show_example() {
    const QTableWidgetItem* current = counts_->item(counts_->currentRow(), 0);
    const QString example = current ? current->toolTip() : QString();
    if (example_->toPlainText() != example) example_->setPlainText(example);
    example_->setVisible(!example.isEmpty());
}

}  // namespace hocket::window
