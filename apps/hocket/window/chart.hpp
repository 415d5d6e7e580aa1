#pragma once

#include <QWidget>
#include <vector>

#include "chart_heading.hpp"

class QAbstractAxis;
class QChart;

namespace hocket::window {

// What all charts of the window have in common: a heading, and below it a flat chart in the colours and the font of the
// window. Where its axes are depends on nothing but the font, so that charts below each other are in line.
class Chart : public QWidget {
public:
    const ChartHeading& heading() const noexcept { return *heading_; }
    QChart& chart() const;

protected:
    Chart();
    ~Chart() override = default;

    ChartHeading& heading() noexcept { return *heading_; }
    void add_axis(QAbstractAxis& axis, Qt::Alignment side);
    void changeEvent(QEvent* event) override;

private:
    class View;
    void apply_theme();

    ChartHeading* heading_;
    View* view_;
    std::vector<QAbstractAxis*> axes_;
};

}  // namespace hocket::window
