#pragma once

#include <QColor>
#include <QPalette>

namespace hocket::window {

// The colours that the system's palette has no role for, fitting its light or dark.
class Theme {
public:
    explicit Theme(const QPalette& palette);

    bool dark;
    QColor text;
    QColor quiet;  // of labels and axes
    QColor grid;
    QColor surface;  // behind charts and figures
    QColor good;
    QColor warning;
    QColor bad;
    QColor curves[2];  // of the two runs that charts can show
};

}  // namespace hocket::window
