#include "scaled_font.hpp"

namespace hocket::window {

QFont scaled(const QFont& font, double factor) {
    QFont result = font;
    if (font.pointSizeF() > 0) {
        result.setPointSizeF(font.pointSizeF() * factor);
    } else {  // one that is given in pixels
        result.setPixelSize(static_cast<int>(font.pixelSize() * factor));
    }
    return result;
}

}  // namespace hocket::window
