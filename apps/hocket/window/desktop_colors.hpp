#pragma once

#include <QDBusConnection>
#include <QDBusVariant>
#include <QObject>
#include <QString>

namespace hocket::window {

// Dark where the desktop is: Qt 6.4, Debian 12's, takes dark colours over from KDE only. Others tell through the XDG
// desktop portal (org.freedesktop.portal.Settings, `color-scheme` of org.freedesktop.appearance) whether they want
// windows dark, and when that changes; while they do and Qt's own colours are light, the application has dark ones.
// Nothing happens where there is no portal, and where whoever started the program has chosen Qt's theme.
class DesktopColors : public QObject {
    Q_OBJECT

public:
    // Whether there is somebody to ask, and nothing else decides.
    static bool asked_for();

    explicit DesktopColors(QDBusConnection bus);
    ~DesktopColors() override;

private Q_SLOTS:
    void setting_changed(const QString& space, const QString& key, const QDBusVariant& value);

private:
    void apply(const QVariant& scheme);
    void restore();

    QDBusConnection bus_;
    bool applied_ = false;
};

}  // namespace hocket::window
