#pragma once

#include <QColor>
#include <QList>
#include <QPointF>
#include <QString>
#include <vector>

#include "chart.hpp"

class QAbstractSeries;
class QLineSeries;
class QValueAxis;

namespace hocket::window {

// A line in a chart: seconds since the test's start against a value.
class Curve {
public:
    Curve() = default;
    QString name;  // for the heading; may be empty
    QList<QPointF> points;
    QColor color;
    bool thin = false;
    bool filled = false;  // down to the axis
};

// A chart of curves over time, whose axes fit what is shown. The unit of the values follows their size.
class CurveChart : public Chart {
public:
    // A unit for values from `from` on, which are divided by `divisor`.
    struct Unit {
        double from;
        double divisor;
        const char* name;
    };
    // `units` from the smallest to the largest.
    CurveChart(const QString& title, std::vector<Unit> units);

    // Shows these instead. `until`: the end of the time axis at least, in seconds.
    void show_curves(const std::vector<Curve>& curves, double until);
    // The highest value that is shown, in the unit of the points. For tests.
    double highest() const noexcept { return highest_; }

private:
    void add_series(const Curve& curve);
    void add(QAbstractSeries* series);
    void fit(double until);
    static void fit(QValueAxis& axis, double step, double end, const QString& unit);

    QString title_;
    std::vector<Unit> units_;
    QValueAxis* time_;
    QValueAxis* value_;
    std::vector<Curve> curves_;
    std::vector<QLineSeries*> lines_;  // of curves_
    double highest_ = 0;
};

}  // namespace hocket::window
