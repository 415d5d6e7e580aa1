#pragma once

#include <QString>
#include <QWidget>

namespace hocket::window {

// A large number with a caption. Setting it repaints it and nothing else: a QLabel would lay out the whole window anew,
// thirty times a second.
class Figure : public QWidget {
public:
    explicit Figure(const QString& caption, QWidget* parent = nullptr);

    void set(const QString& value);
    void set_color(const QColor& color);  // an invalid one: that of text
    const QString& value() const noexcept { return value_; }

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QFont value_font() const;
    QFont caption_font() const;

    QString caption_;
    QString value_;
    QColor color_;
};

// A line of text that may change often, for the same reason; elided where it is too long.
class StatusLine : public QWidget {
public:
    explicit StatusLine(QWidget* parent = nullptr);

    void set(const QString& text, const QColor& color = {});
    const QString& text() const noexcept { return text_; }

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QString text_;
    QColor color_;
};

}  // namespace hocket::window
