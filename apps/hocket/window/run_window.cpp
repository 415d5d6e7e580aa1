#include "run_window.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

#include <QApplication>
#include <QSocketNotifier>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <system_error>

#include "desktop_colors.hpp"
#include "hocket/core/report.hpp"
#include "load/printable.hpp"
#include "load/terminal.hpp"
#include "serve/target.hpp"
#include "window.hpp"

namespace hocket::window {
namespace {

constexpr int kInterrupted = 130;

// Qt ends the program by abort() when it finds no display. What it warns of concerns who works on this window.
void say_for_qt(QtMsgType type, const QMessageLogContext&, const QString& text) {
    if ((type == QtDebugMsg || type == QtInfoMsg || type == QtWarningMsg) && !debug_enabled()) return;
    load::say("hocket window: {}\n", load::printable(text.toStdString()));
    if (type != QtFatalMsg) return;
    load::say(
        "hocket window: it needs a display: X11's, which DISPLAY names, or, with the package qt6-wayland, that of "
        "WAYLAND_DISPLAY; `hocket load` tests without one\n");
    std::_Exit(1);
}

bool has_display() {
    const auto set = [](const char* name) {
        const char* value = std::getenv(name);
        return value && *value;
    };
    return set("DISPLAY") || set("WAYLAND_DISPLAY") || set("QT_QPA_PLATFORM");
}

// Closes the window at SIGINT or SIGTERM.
class StopSignals {
public:
    explicit StopSignals(Window& window) {
        sigset_t set;
        ::sigemptyset(&set);
        ::sigaddset(&set, SIGINT);
        ::sigaddset(&set, SIGTERM);
        fd_ = ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
        if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "signalfd");
        notifier_.emplace(fd_, QSocketNotifier::Read);
        QObject::connect(&*notifier_, &QSocketNotifier::activated, &window, [this, &window] {
            came_ = true;
            notifier_->setEnabled(false);
            window.close();
        });
    }
    StopSignals(const StopSignals&) = delete;
    StopSignals& operator=(const StopSignals&) = delete;
    ~StopSignals() {
        notifier_.reset();
        ::close(fd_);
    }
    bool came() const noexcept { return came_; }

private:
    int fd_ = -1;
    std::optional<QSocketNotifier> notifier_;
    bool came_ = false;
};

}  // namespace

int run_window(const load::WindowOptions& options) {
    if (!has_display()) {
        load::say(
            "hocket window: there is no display (DISPLAY and WAYLAND_DISPLAY are not set); `hocket load` tests without "
            "one\n");
        return 1;
    }
    qInstallMessageHandler(say_for_qt);
    char name[] = "hocket";
    char* arguments[] = {name, nullptr};
    int count = 1;
    QApplication application(count, arguments);
    QGuiApplication::setApplicationDisplayName(QString());

    std::optional<DesktopColors> colors;
    if (DesktopColors::asked_for()) colors.emplace(QDBusConnection::sessionBus());

    load::LoadOptions test = options.load;
    FormExtras extras;
    if (!test.data_file.empty()) {
        extras.body = test.request.body;
        extras.data_file = test.data_file;
    }
    std::optional<serve::Target> target;
    if (!test.url) {
        load::ServeOptions target_options;
        target_options.port = 0;
        target.emplace(target_options);
        test.url = load::parse_url("http://127.0.0.1:" + std::to_string(target->port()) + "/");
        extras.own_target = test.url;
    }

    Window window(test, extras, load::Machine::here());
    const StopSignals signals(window);
    window.show();
    if (options.start) window.submit();
    QApplication::exec();
    return signals.came() ? kInterrupted : 0;
}

}  // namespace hocket::window
