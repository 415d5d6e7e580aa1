#include "results_panel.hpp"

#include <QClipboard>
#include <QEvent>
#include <QFileDialog>
#include <QFontDatabase>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QLabel>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSaveFile>
#include <QStackedWidget>
#include <QVBoxLayout>
#include <algorithm>

#include "band_chart.hpp"
#include "curve_chart.hpp"
#include "figure.hpp"
#include "model/thinned.hpp"
#include "theme.hpp"

namespace hocket::window {
namespace {

constexpr std::size_t kMostPoints = 400;

QString text_of(const std::string& text) { return QString::fromStdString(text); }

bool has_responses(const TestRun& run) { return run.summary() && run.summary()->latency.count() > 0; }

// A chart, or what there will be: an empty one would only show numbers that mean nothing.
QStackedWidget* chart_page(QWidget* chart, const char* hint) {
    auto* label = new QLabel(QString::fromUtf8(hint));
    label->setAlignment(Qt::AlignCenter);
    label->setWordWrap(true);
    label->setMargin(20);
    label->setAutoFillBackground(true);
    label->setBackgroundRole(QPalette::Base);
    label->setForegroundRole(QPalette::PlaceholderText);
    auto* page = new QStackedWidget;
    page->addWidget(label);
    page->addWidget(chart);
    return page;
}

std::string summary_text(const TestRun& run, unsigned width) {
    load::TextStyle style;
    style.width = std::min(style.width, width);
    return (run.summary()->failure ? "\n  " + outcome(run) + "\n" : std::string()) +
           load::format_text(*run.summary(), run.options(), style);
}

// How many letters of a line fit.
unsigned columns(const QPlainTextEdit& text) {
    const double room = text.viewport()->width() - 2 * text.document()->documentMargin();
    return static_cast<unsigned>(
        std::max(room / QFontMetricsF(text.font()).horizontalAdvance(QStringLiteral("M")), 1.0));
}

double seconds_of(const TestRun& run) {
    const double last = run.samples().empty() ? 0 : run.samples().back().to_s;
    return std::max(last, 0.1);
}

}  // namespace

ResultsPanel::ResultsPanel(QWidget* parent)
    : QTabWidget(parent),
      rate_(new CurveChart(QStringLiteral("Requests per second"), {{0, 1, ""}, {10'000, 1000, "thousands"}})),
      latency_(new CurveChart(QStringLiteral("Latency"), {{0, 1, "µs"}, {2'000, 1e3, "ms"}, {2'000'000, 1e6, "s"}})),
      bands_(new BandChart) {
    setObjectName(QStringLiteral("results"));
    setDocumentMode(true);
    rate_->setObjectName(QStringLiteral("rate_chart"));
    latency_->setObjectName(QStringLiteral("latency_chart"));
    bands_->setObjectName(QStringLiteral("band_chart"));
    auto* curves = new QWidget;
    auto* layout = new QVBoxLayout(curves);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(rate_, 1);
    layout->addWidget(latency_, 1);
    curves_page_ = chart_page(curves, "While a test runs, its requests per second and its latencies are drawn here.");
    bands_page_ =
        chart_page(bands_, "When a test has ended, it is here how the latencies of its responses are spread.");
    addTab(curves_page_, QStringLiteral("Over time"));
    addTab(bands_page_, QStringLiteral("Histogram"));
    addTab(make_summary_page(), QStringLiteral("Summary"));
    show_runs({});
}

QWidget* ResultsPanel::make_summary_page() {
    text_ = new QPlainTextEdit;
    text_->setObjectName(QStringLiteral("summary"));
    text_->setAccessibleName(QStringLiteral("Summary"));
    text_->setReadOnly(true);
    text_->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    text_->setLineWrapMode(QPlainTextEdit::NoWrap);
    text_->setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
    text_->setFrameShape(QFrame::NoFrame);
    text_->viewport()->installEventFilter(this);
    text_->setPlaceholderText(QStringLiteral("When a test has ended, its summary is here."));
    save_ = new QPushButton(QStringLiteral("Sa&ve…"));
    save_->setObjectName(QStringLiteral("save"));
    save_->setToolTip(QStringLiteral("Save the result as JSON, as `hocket load --json` does"));
    copy_ = new QPushButton(QStringLiteral("Co&py"));
    copy_->setObjectName(QStringLiteral("copy"));
    copy_->setToolTip(QStringLiteral("Copy the summary to the clipboard"));
    said_ = new StatusLine;
    said_->setObjectName(QStringLiteral("said"));
    connect(save_, &QPushButton::clicked, this, [this] { save(); });
    connect(copy_, &QPushButton::clicked, this, [this] { copy(); });

    auto* buttons = new QHBoxLayout;
    buttons->setContentsMargins(6, 0, 6, 6);
    buttons->addWidget(said_, 1);
    buttons->addWidget(copy_);
    buttons->addWidget(save_);
    auto* page = new QWidget;
    auto* layout = new QVBoxLayout(page);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(text_, 1);
    layout->addLayout(buttons);
    return page;
}

void ResultsPanel::show_runs(Runs runs) {
    runs_ = std::move(runs);
    ended_.assign(runs_.size(), false);
    said_->set({});
    refresh_curves();
    refresh_ends();
}

void ResultsPanel::refresh() {
    refresh_curves();
    for (std::size_t i = 0; i < runs_.size(); ++i) {
        if (runs_[i]->summary() && !ended_[i]) return refresh_ends();
    }
}

void ResultsPanel::refresh_curves() {
    const Theme theme(palette());
    std::vector<Curve> rates;
    std::vector<Curve> latencies;
    double until = 0.1;
    for (std::size_t i = 0; i < runs_.size(); ++i) {
        const TestRun& run = *runs_[i];
        Curve rate;
        rate.color = theme.curves[i];
        rate.filled = i == 0;
        const QString prefix = runs_.size() > 1 ? QStringLiteral("#%1 ").arg(run.number()) : QString();
        rate.name = prefix.trimmed();
        Curve p50 = rate;
        p50.filled = false;
        p50.name = prefix + QStringLiteral("p50");
        Curve p99 = p50;
        p99.thin = true;
        p99.name = prefix + QStringLiteral("p99");
        for (const Sample& sample : thinned(run.samples(), kMostPoints)) {
            const double middle = (sample.from_s + sample.to_s) / 2;
            rate.points << QPointF(middle, sample.requests_per_second);
            if (sample.p50_us) p50.points << QPointF(middle, static_cast<double>(*sample.p50_us));
            if (sample.p99_us) p99.points << QPointF(middle, static_cast<double>(*sample.p99_us));
        }
        rates.push_back(std::move(rate));
        latencies.push_back(std::move(p50));
        latencies.push_back(std::move(p99));
        until = std::max(until, seconds_of(run));
    }
    rate_->show_curves(rates, until);
    latency_->show_curves(latencies, until);
    const bool any = std::any_of(runs_.begin(), runs_.end(), [](const auto& run) { return !run->samples().empty(); });
    curves_page_->setCurrentIndex(any ? 1 : 0);
}

void ResultsPanel::refresh_ends() {
    const Theme theme(palette());
    std::vector<BandChart::Bars> bars;
    for (std::size_t i = 0; i < runs_.size(); ++i) {
        ended_[i] = runs_[i]->summary().has_value();
        if (!has_responses(*runs_[i])) continue;
        bars.push_back({QStringLiteral("#%1").arg(runs_[i]->number()), &runs_[i]->summary()->latency, theme.curves[i]});
    }
    bands_->show_bars(bars);
    bands_page_->setCurrentIndex(bars.empty() ? 0 : 1);
    refresh_summary();
}

void ResultsPanel::refresh_summary() {
    const bool any = !runs_.empty() && runs_.front()->summary();
    const QString shown = any ? text_of(summary_text(*runs_.front(), columns(*text_))) : QString();
    if (text_->toPlainText() != shown) text_->setPlainText(shown);
    save_->setEnabled(any);
    copy_->setEnabled(any);
}

void ResultsPanel::show_curves_page() { setCurrentIndex(0); }

void ResultsPanel::show_summary_page() { setCurrentIndex(count() - 1); }

void ResultsPanel::copy() {
    const unsigned as_on_a_terminal = load::TextStyle().width;
    QGuiApplication::clipboard()->setText(text_of(summary_text(*runs_.front(), as_on_a_terminal)));
    said_->set(QStringLiteral("Copied."));
}

void ResultsPanel::save() {
    const unsigned number = runs_.front()->number();
    auto* dialog = new QFileDialog(window(), QStringLiteral("Save the result as JSON"),
                                   QStringLiteral("hocket-%1.json").arg(number), QStringLiteral("JSON (*.json)"));
    dialog->setObjectName(QStringLiteral("save_dialog"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setDefaultSuffix(QStringLiteral("json"));
    connect(dialog, &QFileDialog::fileSelected, this, [this, run = runs_.front()](const QString& file) {
        QSaveFile out(file);
        const QByteArray json = QByteArray::fromStdString(load::to_json(*run->summary(), run->options()));
        const bool saved = out.open(QIODevice::WriteOnly) && out.write(json) == json.size() && out.commit();
        if (saved) return said_->set(QStringLiteral("Saved to %1").arg(file));
        said_->set(QStringLiteral("Cannot write %1: %2").arg(file, out.errorString()), Theme(palette()).bad);
    });
    dialog->open();
}

void ResultsPanel::changeEvent(QEvent* event) {
    QTabWidget::changeEvent(event);
    if (event->type() != QEvent::PaletteChange || !text_) return;
    refresh_curves();
    refresh_ends();
}

// The summary is as wide as its place.
bool ResultsPanel::eventFilter(QObject* watched, QEvent* event) {
    if (event->type() == QEvent::Resize && watched == text_->viewport() && save_) refresh_summary();
    return QTabWidget::eventFilter(watched, event);
}

}  // namespace hocket::window
