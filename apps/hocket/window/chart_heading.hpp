#pragma once

#include <QColor>
#include <QString>
#include <QWidget>
#include <vector>

namespace hocket::window {

// The line above a chart: on the left what it shows, on the right which colour is what.
class ChartHeading : public QWidget {
public:
    struct Key {
        QString name;
        QColor color;
        double width;  // of the line
    };

    explicit ChartHeading(QWidget* parent = nullptr);

    void set_title(const QString& title);
    void set_keys(std::vector<Key> keys);
    const QString& title() const noexcept { return title_; }
    const std::vector<Key>& keys() const noexcept { return keys_; }

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QFont title_font() const;
    QFont key_font() const;

    QString title_;
    std::vector<Key> keys_;
};

}  // namespace hocket::window
