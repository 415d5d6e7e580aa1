#include "figure.hpp"

#include <QPainter>

#include "scaled_font.hpp"
#include "theme.hpp"

namespace hocket::window {
Figure::Figure(const QString& caption, QWidget* parent)
    : QWidget(parent), caption_(caption), value_(QStringLiteral("–")) {
    setAccessibleName(caption);
    setAccessibleDescription(value_);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void Figure::set(const QString& value) {
    if (value == value_) return;
    value_ = value;
    setAccessibleDescription(value_);
    update();
}

void Figure::set_color(const QColor& color) {
    if (color == color_) return;
    color_ = color;
    update();
}

QFont Figure::value_font() const { return scaled(font(), 1.55); }
QFont Figure::caption_font() const { return scaled(font(), 0.9); }

QSize Figure::sizeHint() const {
    const QFontMetrics value(value_font());
    const QFontMetrics caption(caption_font());
    return {std::max(value.horizontalAdvance(QStringLiteral("000,000")), caption.horizontalAdvance(caption_)) + 4,
            value.height() + caption.height() + 2};
}

void Figure::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    const Theme theme(palette());
    painter.setFont(caption_font());
    painter.setPen(theme.quiet);
    const int caption_height = painter.fontMetrics().height();
    painter.drawText(QRect(0, 0, width(), caption_height), Qt::AlignLeft | Qt::AlignVCenter,
                     painter.fontMetrics().elidedText(caption_, Qt::ElideRight, width()));
    painter.setFont(value_font());
    painter.setPen(color_.isValid() ? color_ : palette().color(QPalette::WindowText));
    painter.drawText(QRect(0, caption_height, width(), height() - caption_height), Qt::AlignLeft | Qt::AlignVCenter,
                     painter.fontMetrics().elidedText(value_, Qt::ElideRight, width()));
}

StatusLine::StatusLine(QWidget* parent) : QWidget(parent) { setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed); }

void StatusLine::set(const QString& text, const QColor& color) {
    if (text == text_ && color == color_) return;
    text_ = text;
    color_ = color;
    setAccessibleName(text);
    setToolTip(text);
    update();
}

QSize StatusLine::sizeHint() const { return {fontMetrics().horizontalAdvance(text_), fontMetrics().height() + 2}; }
QSize StatusLine::minimumSizeHint() const { return {0, fontMetrics().height() + 2}; }

void StatusLine::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setPen(color_.isValid() ? color_ : palette().color(QPalette::WindowText));
    painter.drawText(rect(), Qt::AlignLeft | Qt::AlignVCenter,
                     fontMetrics().elidedText(text_, Qt::ElideRight, width()));
}

}  // namespace hocket::window
