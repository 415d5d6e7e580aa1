#include "band_chart.hpp"

#include <QtCharts/QBarSeries>
#include <QtCharts/QBarSet>
#include <QtCharts/QCategoryAxis>
#include <QtCharts/QChart>
#include <QtCharts/QValueAxis>
#include <algorithm>
#include <cmath>

#include "load/bands.hpp"
#include "model/round_number.hpp"

namespace hocket::window {
namespace {

QString edge(std::uint64_t us) {
    if (us < 1'000) return QStringLiteral("%1 µs").arg(us);
    if (us < 1'000'000) return QStringLiteral("%1 ms").arg(us / 1'000);
    return QStringLiteral("%1 s").arg(us / 1'000'000);
}

}  // namespace

BandChart::BandChart() : latency_(new QCategoryAxis(this)), share_(new QValueAxis(this)) {
    heading().set_title(QStringLiteral("Responses by latency, %"));
    latency_->setLabelsPosition(QCategoryAxis::AxisLabelsPositionOnValue);
    latency_->setGridLineVisible(false);
    share_->setTickType(QValueAxis::TicksDynamic);
    add_axis(*latency_, Qt::AlignBottom);
    add_axis(*share_, Qt::AlignLeft);
}

void BandChart::show_bars(const std::vector<Bars>& bars) {
    chart().removeAllSeries();
    load::Histogram all;
    for (const Bars& run : bars) all.merge(*run.latency);
    const std::vector<load::Band> bands = load::bands_of(all);

    for (const QString& label : latency_->categoriesLabels()) latency_->remove(label);
    double at = -0.5;  // a bar is around its number
    latency_->setStartValue(at);
    latency_->setRange(at, at + std::max<double>(1, static_cast<double>(bands.size())));
    if (!bands.empty()) latency_->append(edge(bands.front().from), at);
    for (const load::Band& band : bands) latency_->append(edge(band.to), ++at);

    double highest = 0;
    auto* series = new QBarSeries;
    series->setBarWidth(0.8);
    std::vector<ChartHeading::Key> keys;
    for (const Bars& run : bars) {
        auto* set = new QBarSet(run.name);
        set->setColor(run.color);
        set->setBorderColor(Qt::transparent);
        const auto count = static_cast<double>(std::max<std::uint64_t>(run.latency->count(), 1));
        for (load::Band band : bands) {
            band.count = 0;
            run.latency->for_each([&](std::uint64_t first, std::uint64_t, std::uint64_t n) {
                if (first >= band.from && first < band.to) band.count += n;
            });
            const double share = 100 * static_cast<double>(band.count) / count;
            highest = std::max(highest, share);
            set->append(share);
        }
        series->append(set);
        if (bars.size() > 1) keys.push_back({run.name, run.color, 9});
    }
    heading().set_keys(std::move(keys));
    chart().addSeries(series);
    series->attachAxis(latency_);
    series->attachAxis(share_);
    const double step = round_number(std::max(highest, 1.0) / 4);
    share_->setTickInterval(step);
    share_->setLabelFormat(QStringLiteral("%.%1f").arg(QString::number(decimals_of(step))));
    share_->setRange(0, step * std::ceil(std::max(highest, 1.0) / step));
}

}  // namespace hocket::window
