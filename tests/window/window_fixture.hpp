// The window, in the test's own process, with real servers.
#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <QAbstractButton>
#include <QApplication>
#include <QLabel>
#include <QLineEdit>
#include <QProgressBar>
#include <QSignalSpy>
#include <QTest>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "figure.hpp"
#include "load/scripted_server.hpp"
#include "window.hpp"

namespace hocket::window {

using namespace std::chrono_literals;

// Lets Qt's loop run until the condition holds, for which there is time enough.
template <class Condition>
void wait_until(const Condition& condition) {
    if (!QTest::qWaitFor(condition, 50'000)) throw std::runtime_error("it never came true");
}

// A server that counts requests, and answers each when `gate` lets it.
class CountingServer {
public:
    explicit CountingServer(int answered_at_once = std::numeric_limits<int>::max()) : answered_(answered_at_once) {}
    std::string url() const { return server_.url(); }
    int requests() const { return requests_; }
    // Answers one that waits or is to come.
    void answer_one() { gate_.release(); }
    // Answers those that wait, and all to come.
    void open() { gate_.release(1'000'000); }

private:
    Task<void> serve(Socket& socket) {
        for (;;) {
            const bool asked = co_await testing::ScriptedServer::read_request(socket);
            if (!asked) co_return;
            if (++requests_ > answered_) co_await gate_.async_acquire();
            co_await socket.async_send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        }
    }
    const int answered_;
    Semaphore gate_{0};
    std::atomic<int> requests_{0};
    testing::ScriptedServer server_{[this](Socket& socket) { return serve(socket); }};
};

class WindowTest : public ::testing::Test {
protected:
    WindowTest() {
        load::LoadOptions options;
        options.url = load::parse_url("http://127.0.0.1:9/");
        options.requests = 1000;
        options.connections = 10;
        options.threads = 2;
        open(options);
    }
    void open(const load::LoadOptions& options, const FormExtras& extras = FormExtras()) {
        window_ = std::make_unique<Window>(options, extras, load::Machine{.cores = 2, .descriptors = 1024});
        window_->show();
        window_->activateWindow();
        if (!QTest::qWaitForWindowActive(window_.get(), 50'000))
            throw std::runtime_error("the window did not become active");
        QObject::connect(&bar(), &QProgressBar::valueChanged, window_.get(),
                         [this](int v) { bar_values_.push_back(v); });
    }

    template <class T>
    T& find(const char* name) const {
        T* found = nullptr;
        for (QWidget* widget : window_->findChildren<QWidget*>(QString::fromLatin1(name))) {
            if (auto* match = dynamic_cast<T*>(widget)) found = match;
        }
        if (!found) throw std::runtime_error(std::string("there is no ") + name);
        return *found;
    }
    QAbstractButton& button() const { return find<QAbstractButton>("submit"); }
    std::string button_text() const { return button().text().toStdString(); }
    QProgressBar& bar() const { return find<QProgressBar>("bar"); }
    std::string status() const { return find<StatusLine>("status").text().toStdString(); }
    std::string figure(const char* name) const { return find<Figure>(name).value().toStdString(); }
    // What is told beside the field; empty if nothing is.
    std::string complaint(const std::string& field) const {
        const QLabel& label = find<QLabel>((field + "_complaint").c_str());
        return label.isVisible() ? label.text().toStdString() : "";
    }
    // As a user does: goes to the field, empties it, types.
    void type(const char* field, const std::string& text) const {
        QLineEdit& edit = find<QLineEdit>(field);
        QTest::mouseClick(&edit, Qt::LeftButton);
        QTest::keyClick(&edit, Qt::Key_A, Qt::ControlModifier);
        QTest::keyClick(&edit, Qt::Key_Delete);
        QTest::keyClicks(&edit, QString::fromStdString(text));
    }
    void press() const { QTest::mouseClick(&button(), Qt::LeftButton); }
    void test(const std::string& url, const std::string& requests) {
        type("url", url);
        type("requests", requests);
        bar_values_.clear();
        press();
    }
    void wait_for_end() const {
        wait_until([this] { return window_->current() && window_->current()->summary().has_value(); });
    }
    // Windows and dialogs that can be seen.
    static int open_windows() {
        int open = 0;
        for (const QWidget* widget : QApplication::topLevelWidgets()) open += widget->isVisible() ? 1 : 0;
        return open;
    }

    std::unique_ptr<Window> window_;
    std::vector<int> bar_values_;  // as the bar took them, since the last test() began
};

}  // namespace hocket::window
