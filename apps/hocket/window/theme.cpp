#include "theme.hpp"

namespace hocket::window {
namespace {

QColor mixed(const QColor& a, const QColor& b, double share_of_b) {
    const auto mix = [share_of_b](float from, float to) { return from + (to - from) * static_cast<float>(share_of_b); };
    return QColor::fromRgbF(mix(a.redF(), b.redF()), mix(a.greenF(), b.greenF()), mix(a.blueF(), b.blueF()));
}

}  // namespace

// Each curve, and each text colour, has at least 4.5 times the luminance of its background, or a fifth of it.
Theme::Theme(const QPalette& palette)
    : dark(palette.color(QPalette::Base).lightnessF() < 0.5F), text(palette.color(QPalette::Text)) {
    surface = palette.color(QPalette::Base);
    quiet = mixed(text, surface, 0.35);
    grid = mixed(text, surface, 0.86);
    good = dark ? QColor(0x62, 0xC4, 0x7E) : QColor(0x1A, 0x7F, 0x42);
    warning = dark ? QColor(0xE8, 0xB4, 0x4A) : QColor(0x8F, 0x5B, 0x00);
    bad = dark ? QColor(0xFF, 0x86, 0x7A) : QColor(0xC0, 0x28, 0x1E);
    curves[0] = dark ? QColor(0x6C, 0xB2, 0xFF) : QColor(0x1B, 0x6A, 0xC9);
    curves[1] = dark ? QColor(0xFF, 0xA9, 0x5C) : QColor(0xB8, 0x54, 0x00);
}

}  // namespace hocket::window
