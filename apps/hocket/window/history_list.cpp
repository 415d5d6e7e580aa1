#include "history_list.hpp"

#include <QPainter>
#include <QSignalBlocker>
#include <QStyledItemDelegate>
#include <algorithm>
#include <utility>

#include "theme.hpp"

namespace hocket::window {
namespace {

constexpr int kCurve = Qt::UserRole;  // which of the theme's curves is this test's

// A dot in the colour of a curve, which a selected row must not tint; ringed, since that row may have the same colour.
QIcon dot(const Theme& theme, int curve, int size, double density) {
    QPixmap pixmap(QSize(size, size) * density);
    pixmap.setDevicePixelRatio(density);
    pixmap.fill(Qt::transparent);
    QPainter painter(&pixmap);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(theme.surface, 2));
    painter.setBrush(theme.curves[curve]);
    painter.drawEllipse(QRectF(1, 1, size - 2, size - 2));
    painter.end();
    QIcon icon;
    for (const QIcon::Mode mode : {QIcon::Normal, QIcon::Selected, QIcon::Active}) icon.addPixmap(pixmap, mode);
    return icon;
}

// A row of two lines, with its dot on the right.
class Row : public QStyledItemDelegate {
public:
    using QStyledItemDelegate::QStyledItemDelegate;
    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex&) const override {
        return {0, 2 * option.fontMetrics.lineSpacing() + 8};
    }

protected:
    void initStyleOption(QStyleOptionViewItem* option, const QModelIndex& index) const override {
        QStyledItemDelegate::initStyleOption(option, index);
        const QVariant curve = index.data(kCurve);
        if (!curve.isValid()) return;
        const int size = option->fontMetrics.height();
        option->features |= QStyleOptionViewItem::HasDecoration;
        option->decorationPosition = QStyleOptionViewItem::Right;
        option->decorationSize = QSize(size, size);
        option->icon =
            dot(Theme(option->palette), curve.toInt(), size, option->widget ? option->widget->devicePixelRatioF() : 1);
    }
};

}  // namespace

HistoryList::HistoryList(QWidget* parent) : QListWidget(parent) {
    setObjectName(QStringLiteral("history"));
    setAccessibleName(QStringLiteral("Tests of this session"));
    setSelectionMode(QAbstractItemView::ExtendedSelection);
    setTextElideMode(Qt::ElideRight);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setFrameShape(QFrame::NoFrame);
    setItemDelegate(new Row(this));
    setToolTip(QStringLiteral("Select a second test with Ctrl to lay it over the first in the charts"));
    connect(this, &QListWidget::itemSelectionChanged, this, [this] { selection_changed(); });
}

void HistoryList::add(std::shared_ptr<TestRun> run) {
    const QSignalBlocker quiet(this);
    runs_.insert(runs_.begin(), run);
    auto* item = new QListWidgetItem;
    insertItem(0, item);
    refresh(*run);
    clearSelection();
    setCurrentRow(0, QItemSelectionModel::ClearAndSelect);
    choose(std::vector<unsigned>(1, run->number()));
}

void HistoryList::refresh(const TestRun& run) {
    const auto found = std::find_if(runs_.begin(), runs_.end(), [&](const auto& one) { return one.get() == &run; });
    if (found == runs_.end()) return;
    QListWidgetItem* item = this->item(static_cast<int>(found - runs_.begin()));
    const QString text = QString::fromStdString(title(run) + "\n" + outcome(run));
    if (item->text() == text) return;
    item->setText(text);
    item->setToolTip(text);
}

std::vector<std::shared_ptr<const TestRun>> HistoryList::selected() const {
    std::vector<std::shared_ptr<const TestRun>> selected;
    for (const unsigned number : chosen_) {
        for (const auto& run : runs_) {
            if (run->number() == number) selected.push_back(run);
        }
    }
    return selected;
}

void HistoryList::selection_changed() {
    std::vector<unsigned> now;
    for (int row = 0; row < count(); ++row) {
        if (item(row)->isSelected()) now.push_back(runs_[static_cast<std::size_t>(row)]->number());
    }
    const auto is_in = [](const std::vector<unsigned>& numbers, unsigned number) {
        return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
    };
    std::vector<unsigned> chosen = chosen_;
    std::erase_if(chosen, [&](unsigned number) { return !is_in(now, number); });
    for (const unsigned number : now) {
        if (!is_in(chosen, number)) chosen.push_back(number);
    }
    // A third takes the place of the second.
    if (chosen.size() > 2) {
        chosen = {chosen.front(), chosen.back()};
        const QSignalBlocker quiet(this);
        for (int row = 0; row < count(); ++row)
            item(row)->setSelected(is_in(chosen, runs_[static_cast<std::size_t>(row)]->number()));
    }
    choose(std::move(chosen));
}

void HistoryList::choose(std::vector<unsigned> numbers) {
    chosen_ = std::move(numbers);
    for (int row = 0; row < count(); ++row) {
        const auto place =
            std::find(chosen_.begin(), chosen_.end(), runs_[static_cast<std::size_t>(row)]->number()) - chosen_.begin();
        const bool marked = chosen_.size() == 2 && place < 2;
        item(row)->setData(kCurve, marked ? QVariant(static_cast<int>(place)) : QVariant());
    }
    if (on_selection) on_selection();
}

}  // namespace hocket::window
