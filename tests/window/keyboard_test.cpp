// What the keys do.
#include <QKeyEvent>
#include <QPlainTextEdit>
#include <QScrollBar>
#include <QTableWidget>
#include <QToolButton>

#include "window/window_fixture.hpp"

namespace hocket::window {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(WindowTest, is_used_by_keyboard_alone) {
    CountingServer server(20);
    QTest::keyClick(window_.get(), Qt::Key_U, Qt::AltModifier);
    ASSERT_EQ(QApplication::focusWidget()->objectName(), "url");
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_A, Qt::ControlModifier);
    QTest::keyClicks(QApplication::focusWidget(), QString::fromStdString(server.url()));
    std::vector<std::string> stops;
    for (int i = 0; i < 7; ++i) {
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_Tab);
        stops.push_back(QApplication::focusWidget()->objectName().toStdString());
        if (stops.back() == "requests") QTest::keyClicks(QApplication::focusWidget(), "40");
        if (stops.back() == "connections") {
            QTest::keyClick(QApplication::focusWidget(), Qt::Key_A, Qt::ControlModifier);
            QTest::keyClicks(QApplication::focusWidget(), "4");
        }
        if (stops.back() == "more") QTest::keyClick(QApplication::focusWidget(), Qt::Key_Space);
    }
    EXPECT_THAT(stops, ElementsAre("by_requests", "requests", "duration", "connections", "more", "method", "threads"));
    EXPECT_TRUE(find<QWidget>("more_fields").isVisible());
    for (const char* next : {"timeout", "insecure", "headers", "body", "submit"}) {
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_Tab);
        EXPECT_EQ(QApplication::focusWidget()->objectName().toStdString(), next);
    }
    QTest::keyClick(&find<QLineEdit>("url"), Qt::Key_Return);
    EXPECT_EQ(button_text(), "Cancel");
    QTest::keyClick(&find<QLineEdit>("url"), Qt::Key_Return);
    EXPECT_EQ(window_->current()->number(), 1u) << "Enter does not cancel";
    EXPECT_EQ(button_text(), "Cancel");
    wait_until([&] { return server.requests() >= 20; });
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Escape);
    EXPECT_EQ(button_text(), "Submit");
    wait_for_end();
    EXPECT_EQ(window_->current()->state(), TestRun::State::cancelled);

    // Enter makes a new line where lines are written; with Ctrl it submits there, too.
    QTest::keyClick(window_.get(), Qt::Key_B, Qt::AltModifier);
    ASSERT_EQ(QApplication::focusWidget()->objectName(), "body");
    QTest::keyClicks(QApplication::focusWidget(), "a");
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Return);
    EXPECT_EQ(window_->current()->number(), 1u);
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Return, Qt::ControlModifier);
    EXPECT_EQ(window_->current()->number(), 2u);
    EXPECT_EQ(window_->current()->options().request.method, "POST");
    EXPECT_EQ(window_->current()->options().request.body, "a\n");
    QTest::keyClick(window_.get(), Qt::Key_Escape);
    wait_for_end();

    // Enter submits in all other fields, on boxes and on the button; there alone it cancels, too.
    unsigned number = 2;
    for (const char* name : {"url", "by_requests", "requests", "by_duration", "duration", "connections", "method",
                             "threads", "timeout", "insecure", "submit"}) {
        for (const Qt::Key enter : {Qt::Key_Return, Qt::Key_Enter}) {
            QWidget& field = find<QWidget>(name);
            field.setFocus();
            QTest::keyClick(&field, enter);
            EXPECT_EQ(window_->current()->number(), ++number) << name;
            EXPECT_EQ(button_text(), "Cancel");
            QKeyEvent held(QEvent::KeyPress, enter, Qt::NoModifier, QStringLiteral("\r"), true);
            QApplication::sendEvent(&field, &held);
            EXPECT_EQ(button_text(), "Cancel") << name << ": it is still held down";
            QTest::keyClick(&field, &field == &button() ? enter : Qt::Key_Escape);
            EXPECT_EQ(button_text(), "Submit");
        }
    }
    wait_for_end();
}

TEST_F(WindowTest, shows_an_example_of_the_error_that_the_keys_go_to) {
    Semaphore gate(0);
    std::atomic<bool> first = true;
    testing::ScriptedServer server([&](Socket& socket) -> Task<void> {
        for (;;) {
            const bool asked = co_await testing::ScriptedServer::read_request(socket);
            if (!asked) co_return;
            if (first.exchange(false)) {
                co_await socket.async_send("HTTP/1.1 nonsense\r\n\r\n");
                co_return;
            }
            co_await gate.async_acquire();
            co_await socket.async_send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        }
    });
    QTest::mouseClick(&find<QToolButton>("more"), Qt::LeftButton);
    window_->resize(800, 600);
    type("connections", "1");
    test(server.url(), "3");
    const QTableWidget& counts = find<QTableWidget>("counts");
    QPlainTextEdit& example = find<QPlainTextEdit>("example");
    wait_until([&] { return counts.rowCount() == 1; });
    EXPECT_FALSE(example.isVisible());
    button().setFocus();
    QTest::keyClick(&button(), Qt::Key_Tab);
    ASSERT_EQ(QApplication::focusWidget(), &counts);
    EXPECT_TRUE(counts.item(0, 0)->isSelected());
    EXPECT_TRUE(example.isVisible());
    const std::string text = example.toPlainText().toStdString();
    EXPECT_THAT(text, HasSubstr("status"));
    EXPECT_EQ(counts.item(0, 0)->data(Qt::AccessibleDescriptionRole).toString().toStdString(), text);
    EXPECT_EQ(example.accessibleName(), "Example of this error");
    // There is room for it, and the keys reach what there is no room for.
    QTest::qWait(0);
    EXPECT_EQ(window_->size(), QSize(800, 600));
    EXPECT_GE(example.viewport()->height(), 2 * example.fontMetrics().lineSpacing());
    EXPECT_GE(counts.viewport()->height(), 2 * counts.rowHeight(0));
    EXPECT_EQ(example.horizontalScrollBar()->maximum(), 0);
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Tab);
    EXPECT_EQ(QApplication::focusWidget(), &example);
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Tab);
    EXPECT_NE(QApplication::focusWidget(), &example);

    // A status code comes to stand before it.
    gate.release(2);
    wait_for_end();
    ASSERT_EQ(counts.rowCount(), 2);
    EXPECT_EQ(counts.currentRow(), 1);
    EXPECT_TRUE(counts.item(1, 0)->isSelected());
    EXPECT_FALSE(counts.item(0, 0)->isSelected());
    EXPECT_EQ(example.toPlainText().toStdString(), text);
    QTest::keyClick(&find<QTableWidget>("counts"), Qt::Key_Up);
    EXPECT_TRUE(counts.item(0, 0)->isSelected());
    EXPECT_FALSE(example.isVisible()) << "200 is no error";
}

}  // namespace
}  // namespace hocket::window
