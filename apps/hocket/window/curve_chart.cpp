#include "curve_chart.hpp"

#include <QtCharts/QAreaSeries>
#include <QtCharts/QChart>
#include <QtCharts/QLineSeries>
#include <QtCharts/QValueAxis>
#include <algorithm>
#include <cmath>

#include "model/round_number.hpp"

namespace hocket::window {
namespace {

constexpr double kSteps = 4;

double width_of(const Curve& curve) { return curve.thin ? 1 : 2; }

}  // namespace

CurveChart::CurveChart(const QString& title, std::vector<Unit> units)
    : title_(title), units_(std::move(units)), time_(new QValueAxis(this)), value_(new QValueAxis(this)) {
    add_axis(*time_, Qt::AlignBottom);
    add_axis(*value_, Qt::AlignLeft);
    time_->setGridLineVisible(false);
    show_curves({}, 1);
}

void CurveChart::show_curves(const std::vector<Curve>& curves, double until) {
    // Series are kept while they are of the same kinds: making new ones costs several times as much as new points.
    const auto same_kind = [](const Curve& a, const Curve& b) {
        return a.name == b.name && a.color == b.color && a.thin == b.thin && a.filled == b.filled;
    };
    const bool same = std::equal(curves.begin(), curves.end(), curves_.begin(), curves_.end(), same_kind);
    curves_ = curves;
    highest_ = 0;
    for (const Curve& curve : curves_) {
        for (const QPointF& point : curve.points) {
            highest_ = std::max(highest_, point.y());
            until = std::max(until, point.x());
        }
    }
    if (!same) {
        lines_.clear();
        chart().removeAllSeries();
        std::vector<ChartHeading::Key> keys;
        for (const Curve& curve : curves_) {
            add_series(curve);
            if (!curve.name.isEmpty()) keys.push_back({curve.name, curve.color, width_of(curve)});
        }
        heading().set_keys(std::move(keys));
    }
    fit(until);
}

void CurveChart::fit(double until) {
    const auto by_size = [this](const Unit& unit) { return unit.from <= highest_; };
    const auto found = std::find_if(units_.rbegin(), units_.rend(), by_size);
    const Unit& unit = found == units_.rend() ? units_.front() : *found;
    heading().set_title(*unit.name ? QStringLiteral("%1, %2").arg(title_, QString::fromUtf8(unit.name)) : title_);

    const double highest = highest_ > 0 ? highest_ / unit.divisor : 1;
    const double step = round_number(highest * 1.05 / kSteps);
    fit(*value_, step, step * std::ceil(highest * 1.02 / step), {});
    // The end of the time axis moves in steps: laying out an axis costs more than drawing the curves.
    const double time_step = round_number(std::max(until, 0.1) / 6);
    fit(*time_, time_step, std::ceil(std::max(until, 0.1) / time_step * 2 - 1e-9) * time_step / 2,
        QStringLiteral(" s"));

    for (std::size_t i = 0; i < curves_.size(); ++i) {
        QList<QPointF> points = curves_[i].points;
        for (QPointF& point : points) point.setY(point.y() / unit.divisor);
        lines_[i]->setPointsVisible(points.size() == 1);  // a line needs two
        lines_[i]->replace(points);
    }
}

void CurveChart::fit(QValueAxis& axis, double step, double end, const QString& unit) {
    if (axis.max() == end && axis.tickInterval() == step) return;
    axis.setTickType(QValueAxis::TicksDynamic);
    axis.setTickAnchor(0);
    axis.setTickInterval(step);
    axis.setLabelFormat(QStringLiteral("%.%1f%2").arg(QString::number(decimals_of(step)), unit));
    axis.setRange(0, end);
}

void CurveChart::add_series(const Curve& curve) {
    auto* line = new QLineSeries;
    // Round joins and dashes would double the time that drawing takes.
    line->setPen(QPen(curve.color, width_of(curve), Qt::SolidLine, Qt::FlatCap, Qt::BevelJoin));
    lines_.push_back(line);
    if (curve.filled) {
        auto* area = new QAreaSeries(line);
        QColor fill = curve.color;
        fill.setAlphaF(0.16F);
        area->setPen(Qt::NoPen);
        area->setBrush(fill);
        add(area);
    }
    add(line);
}

void CurveChart::add(QAbstractSeries* series) {
    chart().addSeries(series);
    series->attachAxis(time_);
    series->attachAxis(value_);
}

}  // namespace hocket::window
