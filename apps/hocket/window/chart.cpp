#include "chart.hpp"

#include <QEvent>
#include <QGraphicsLayout>
#include <QVBoxLayout>
#include <QtCharts/QAbstractAxis>
#include <QtCharts/QChart>
#include <QtCharts/QChartView>
#include <QtCharts/QLegend>

#include "scaled_font.hpp"
#include "theme.hpp"

namespace hocket::window {
namespace {

QFont label_font(const QFont& font) { return scaled(font, 0.85); }

}  // namespace

// Gives the axes the same room around every chart. Left to itself, a chart makes room for its labels as they come.
class Chart::View : public QChartView {
public:
    View() : QChartView(new QChart) {
        chart()->setAnimationOptions(QChart::NoAnimation);
        chart()->setBackgroundRoundness(0);
        chart()->setMargins(QMargins(0, 0, 0, 0));
        chart()->layout()->setContentsMargins(0, 0, 0, 0);
        chart()->legend()->setVisible(false);
        setRenderHint(QPainter::Antialiasing);
        setFrameShape(QFrame::NoFrame);
        setFocusPolicy(Qt::NoFocus);  // nothing to do there by keyboard
        setViewportUpdateMode(QGraphicsView::MinimalViewportUpdate);
        setMinimumSize(0, 0);
    }
    void place() {
        const QFontMetrics label(label_font(font()));
        const int left = label.horizontalAdvance(QStringLiteral("00000")) + 16;
        const int right = label.horizontalAdvance(QStringLiteral("0.00 s")) / 2 + 8;
        const int top = label.height() / 2 + 1;
        const int bottom = label.height() + 14;
        if (width() <= left + right || height() <= top + bottom) return;
        chart()->setPlotArea(QRectF(left, top, width() - left - right, height() - top - bottom));
    }

protected:
    void resizeEvent(QResizeEvent* event) override {
        QChartView::resizeEvent(event);
        place();
    }
};

Chart::Chart() : heading_(new ChartHeading), view_(new View) {
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(heading_);
    layout->addWidget(view_, 1);
    apply_theme();
}

QChart& Chart::chart() const { return *view_->chart(); }

void Chart::add_axis(QAbstractAxis& axis, Qt::Alignment side) {
    chart().addAxis(&axis, side);
    axes_.push_back(&axis);
    apply_theme();
}

void Chart::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange) apply_theme();
}

void Chart::apply_theme() {
    const Theme theme(palette());
    chart().setBackgroundBrush(theme.surface);
    view_->setBackgroundBrush(theme.surface);
    for (QAbstractAxis* axis : axes_) {
        axis->setLabelsColor(theme.quiet);
        axis->setLabelsFont(label_font(font()));
        axis->setGridLineColor(theme.grid);
        axis->setLinePenColor(theme.grid);
    }
    view_->place();
}

}  // namespace hocket::window
