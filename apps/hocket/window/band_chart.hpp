#pragma once

#include <QColor>
#include <QString>
#include <vector>

#include "chart.hpp"
#include "load/histogram.hpp"

class QCategoryAxis;
class QValueAxis;

namespace hocket::window {

// How the latencies of up to two runs are spread: which share of the responses took how long.
class BandChart : public Chart {
public:
    struct Bars {
        QString name;
        const load::Histogram* latency;  // read while show_bars() runs
        QColor color;
    };
    BandChart();

    void show_bars(const std::vector<Bars>& bars);

private:
    QCategoryAxis* latency_;  // of bars, with a label wherever one ends and the next begins
    QValueAxis* share_;
};

}  // namespace hocket::window
