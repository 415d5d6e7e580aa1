#include "desktop_colors.hpp"

#include <QApplication>
#include <QDBusMessage>
#include <QDBusPendingCallWatcher>
#include <QDBusPendingReply>
#include <QFile>
#include <QPalette>

namespace hocket::window {
namespace {

const QString kService = QStringLiteral("org.freedesktop.portal.Desktop");
const QString kObject = QStringLiteral("/org/freedesktop/portal/desktop");
const QString kInterface = QStringLiteral("org.freedesktop.portal.Settings");
const QString kSpace = QStringLiteral("org.freedesktop.appearance");
const QString kKey = QStringLiteral("color-scheme");
constexpr unsigned kDark = 1;

QPalette dark_palette() {
    const QColor text(0xEC, 0xEC, 0xEE);
    const QColor faint(0x8E, 0x8E, 0x94);
    const QColor base(0x1E, 0x1E, 0x20);
    QPalette palette(QColor(0x3A, 0x3A, 0x3E), QColor(0x2B, 0x2B, 0x2E));
    for (const QPalette::ColorRole role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText})
        palette.setColor(role, text);
    palette.setColor(QPalette::Base, base);
    palette.setColor(QPalette::AlternateBase, QColor(0x26, 0x26, 0x29));
    palette.setColor(QPalette::PlaceholderText, faint);
    palette.setColor(QPalette::Highlight, QColor(0x2A, 0x6C, 0xB8));
    palette.setColor(QPalette::HighlightedText, Qt::white);
    palette.setColor(QPalette::Link, QColor(0x6C, 0xB2, 0xFF));
    palette.setColor(QPalette::ToolTipBase, QColor(0x3A, 0x3A, 0x3E));
    palette.setColor(QPalette::ToolTipText, text);
    for (const QPalette::ColorRole role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText})
        palette.setColor(QPalette::Disabled, role, faint);
    return palette;
}

bool is_light(const QPalette& palette) { return palette.color(QPalette::Window).lightnessF() > 0.5F; }

}  // namespace

bool DesktopColors::asked_for() {
    if (!qEnvironmentVariableIsEmpty("QT_QPA_PLATFORMTHEME")) return false;
    // Without these, D-Bus would start a bus.
    return !qEnvironmentVariableIsEmpty("DBUS_SESSION_BUS_ADDRESS") ||
           (!qEnvironmentVariableIsEmpty("XDG_RUNTIME_DIR") &&
            QFile::exists(qEnvironmentVariable("XDG_RUNTIME_DIR") + QStringLiteral("/bus")));
}

DesktopColors::DesktopColors(QDBusConnection bus) : bus_(std::move(bus)) {
    qRegisterMetaType<QDBusVariant>();  // connect() looks for the slot's types by their names
    bus_.connect(kService, kObject, kInterface, QStringLiteral("SettingChanged"), this,
                 SLOT(setting_changed(QString, QString, QDBusVariant)));
    // Read() and not ReadOne(), which Debian 12's portal does not have.
    QDBusMessage read = QDBusMessage::createMethodCall(kService, kObject, kInterface, QStringLiteral("Read"));
    read << kSpace << kKey;
    auto* answer = new QDBusPendingCallWatcher(bus_.asyncCall(read), this);
    connect(answer, &QDBusPendingCallWatcher::finished, this, [this, answer] {
        const QDBusPendingReply<QDBusVariant> scheme = *answer;
        if (scheme.isValid()) apply(scheme.value().variant());
        answer->deleteLater();
    });
}

DesktopColors::~DesktopColors() { restore(); }

void DesktopColors::setting_changed(const QString& space, const QString& key, const QDBusVariant& value) {
    if (space == kSpace && key == kKey) apply(value.variant());
}

void DesktopColors::apply(const QVariant& scheme) {
    // Read() puts the value into a variant, and that into another one.
    const QVariant value = scheme.canConvert<QDBusVariant>() ? qvariant_cast<QDBusVariant>(scheme).variant() : scheme;
    if (value.toUInt() != kDark) return restore();
    if (applied_ || !is_light(QApplication::palette())) return;
    QApplication::setPalette(dark_palette());
    applied_ = true;
}

void DesktopColors::restore() {
    if (!applied_) return;
    QApplication::setPalette(QPalette());  // that of Qt's theme
    applied_ = false;
}

}  // namespace hocket::window
