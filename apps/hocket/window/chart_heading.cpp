#include "chart_heading.hpp"

#include <QPainter>
#include <utility>

#include "scaled_font.hpp"
#include "theme.hpp"

namespace hocket::window {
namespace {

constexpr int kMargin = 10;
constexpr int kLine = 16;  // how long a key's line is
constexpr int kGap = 5;    // between it and the name

}  // namespace

ChartHeading::ChartHeading(QWidget* parent) : QWidget(parent) {
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void ChartHeading::set_title(const QString& title) {
    if (title == title_) return;
    title_ = title;
    setAccessibleName(title);
    update();
}

void ChartHeading::set_keys(std::vector<Key> keys) {
    keys_ = std::move(keys);
    update();
}

QFont ChartHeading::title_font() const {
    QFont bold = scaled(font(), 0.95);
    bold.setBold(true);
    return bold;
}

QFont ChartHeading::key_font() const { return scaled(font(), 0.9); }

QSize ChartHeading::minimumSizeHint() const { return {0, QFontMetrics(title_font()).height() + 12}; }
QSize ChartHeading::sizeHint() const { return minimumSizeHint(); }

void ChartHeading::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    const Theme theme(palette());
    painter.fillRect(rect(), theme.surface);
    painter.setFont(key_font());
    int right = width() - kMargin;
    for (auto key = keys_.rbegin(); key != keys_.rend(); ++key) {
        const int name = painter.fontMetrics().horizontalAdvance(key->name);
        right -= name;
        painter.setPen(theme.quiet);
        painter.drawText(QRect(right, 0, name, height()), Qt::AlignVCenter | Qt::AlignRight, key->name);
        right -= kGap + kLine;
        painter.setPen(QPen(key->color, key->width, Qt::SolidLine, Qt::FlatCap));
        const double middle = height() / 2.0;
        painter.drawLine(QPointF(right, middle), QPointF(right + kLine, middle));
        right -= kMargin + kGap;
    }
    painter.setFont(title_font());
    painter.setPen(theme.text);
    const int room = right - kMargin;
    painter.drawText(QRect(kMargin, 0, room, height()), Qt::AlignVCenter | Qt::AlignLeft,
                     painter.fontMetrics().elidedText(title_, Qt::ElideRight, room));
}

}  // namespace hocket::window
