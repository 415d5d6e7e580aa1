// That the window is as dark or light as the desktop, also when that changes while it is open.
#include "desktop_colors.hpp"

#include <QDBusError>
#include <QImage>
#include <QPixmap>
#include <QScreen>
#include <cstdlib>

#include "tool/tool.hpp"
#include "window/fake_portal.hpp"
#include "window/window_fixture.hpp"

namespace hocket::window {
namespace {

using testing::FakePortal;

constexpr unsigned kNoPreference = 0;
constexpr unsigned kDark = 1;
constexpr unsigned kLight = 2;

bool is_dark() { return QApplication::palette().color(QPalette::Window).lightnessF() < 0.5F; }

TEST(DesktopColors, are_dark_while_the_desktop_is) {
    FakePortal portal(kDark);
    {
        const DesktopColors colors(portal.client());
        wait_until(is_dark);
        portal.change(kLight);
        wait_until([] { return !is_dark(); });
        portal.change(kDark);
        wait_until(is_dark);
        portal.tell("org.example.other", kLight);
        portal.change(kNoPreference);
        wait_until([] { return !is_dark(); });
        portal.change(kDark);
        wait_until(is_dark);
    }
    EXPECT_FALSE(is_dark()) << "nothing stays behind";
}

TEST(DesktopColors, leave_colours_alone_that_are_dark_already) {
    const QPalette before = QApplication::palette();
    QPalette own(QColor(0x10, 0x20, 0x10), QColor(0x10, 0x20, 0x10));
    QApplication::setPalette(own);
    FakePortal portal(kDark);
    const DesktopColors colors(portal.client());
    wait_until([&] { return portal.questions() == 1; });
    portal.change(kLight);
    portal.change(kDark);
    QTest::qWait(0);
    EXPECT_EQ(QApplication::palette().color(QPalette::Window), QColor(0x10, 0x20, 0x10));
    QApplication::setPalette(before);
}

TEST(DesktopColors, are_nobodys_business_where_a_theme_has_been_chosen) {
    ::setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere", 1);
    EXPECT_TRUE(DesktopColors::asked_for());
    ::setenv("QT_QPA_PLATFORMTHEME", "qt6ct", 1);
    EXPECT_FALSE(DesktopColors::asked_for());
    ::unsetenv("QT_QPA_PLATFORMTHEME");
    ::unsetenv("DBUS_SESSION_BUS_ADDRESS");
}

// Where a window has been opened on the test's display, how light it is.
double lightness_of_the_screen() {
    const QImage picture = QGuiApplication::primaryScreen()->grabWindow(0, 0, 0, 900, 600).toImage();
    double sum = 0;
    for (int y = 0; y < picture.height(); y += 20) {
        for (int x = 0; x < picture.width(); x += 20) sum += picture.pixelColor(x, y).lightnessF();
    }
    return sum / (45 * 30);
}

TEST(DesktopColorsOfTheProgram, follow_the_desktop_while_its_window_is_open) {
    FakePortal portal(kLight);
    ::setenv("DBUS_SESSION_BUS_ADDRESS", portal.address().c_str(), 1);
    testing::Tool tool({"window", "http://127.0.0.1:9/"});
    ::unsetenv("DBUS_SESSION_BUS_ADDRESS");
    wait_until([&] { return portal.questions() == 1 && lightness_of_the_screen() > 0.8; });
    portal.change(kDark);
    wait_until([] { return lightness_of_the_screen() < 0.3 && lightness_of_the_screen() > 0.05; });
    portal.change(kLight);
    wait_until([] { return lightness_of_the_screen() > 0.8; });
    tool.send_signal(SIGTERM);
    EXPECT_EQ(tool.result(), 130);
    EXPECT_EQ(tool.errors, "");
}

}  // namespace
}  // namespace hocket::window
