// A desktop's portal, on a bus of its own, that says whether windows are to be dark.
#pragma once
#include <gtest/gtest.h>

#include <QDBusConnection>
#include <QDBusMessage>
#include <QDBusVariant>
#include <QDBusVirtualObject>
#include <stdexcept>

#include "child_process.hpp"

namespace hocket::testing {

class FakePortal : public QDBusVirtualObject {
public:
    explicit FakePortal(unsigned scheme) : scheme_(scheme) {
        if (!daemon_.wait_for_output("\n", std::chrono::seconds(50)))
            throw std::runtime_error("dbus-daemon did not start: " + daemon_.errors);
        address_ = daemon_.output.substr(0, daemon_.output.find('\n'));
        QDBusConnection bus = connection(kPortal);
        if (!bus.registerVirtualObject(kObject, this) || !bus.registerService("org.freedesktop.portal.Desktop"))
            throw std::runtime_error("the portal is not on its bus: " + bus.lastError().message().toStdString());
    }
    ~FakePortal() override {
        for (const char* name : {kPortal, kClient}) QDBusConnection::disconnectFromBus(name);
    }
    const std::string& address() const { return address_; }
    // For who asks it within this process.
    QDBusConnection client() const { return connection(kClient); }
    int questions() const { return questions_; }

    void change(unsigned scheme) {
        scheme_ = scheme;
        tell("org.freedesktop.appearance", scheme);
    }
    // Says that a setting has changed, in `space`.
    void tell(const QString& space, unsigned value) {
        QDBusMessage signal = QDBusMessage::createSignal(kObject, "org.freedesktop.portal.Settings", "SettingChanged");
        signal << space << QString("color-scheme") << QVariant::fromValue(QDBusVariant(value));
        EXPECT_TRUE(connection(kPortal).send(signal)) << connection(kPortal).lastError().message().toStdString();
    }

    QString introspect(const QString&) const override { return {}; }
    bool handleMessage(const QDBusMessage& message, const QDBusConnection& bus) override {
        if (message.member() != "Read") return false;
        EXPECT_EQ(message.arguments().value(0).toString(), "org.freedesktop.appearance");
        EXPECT_EQ(message.arguments().value(1).toString(), "color-scheme");
        ++questions_;
        const QVariant inner = QVariant::fromValue(QDBusVariant(scheme_));
        return bus.send(message.createReply(QVariant::fromValue(QDBusVariant(inner))));
    }

private:
    static constexpr const char* kPortal = "portal";
    static constexpr const char* kClient = "client";
    static constexpr const char* kObject = "/org/freedesktop/portal/desktop";
    QDBusConnection connection(const char* name) const {
        return QDBusConnection::connectToBus(QString::fromStdString(address_), name);
    }

    ChildProcess daemon_{{"dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1"}};
    std::string address_;
    unsigned scheme_;
    int questions_ = 0;
};

}  // namespace hocket::testing
