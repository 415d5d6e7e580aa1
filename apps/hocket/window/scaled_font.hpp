#pragma once

#include <QFont>

namespace hocket::window {

// The font, so many times as large.
QFont scaled(const QFont& font, double factor);

}  // namespace hocket::window
