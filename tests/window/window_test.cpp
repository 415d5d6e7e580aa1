// Rows D11 and D12: what the window shows, typed into and clicked on, against servers that count for themselves.
#include <QClipboard>
#include <QComboBox>
#include <QDialogButtonBox>
#include <QFileDialog>
#include <QListWidget>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QRegularExpression>
#include <QScrollBar>
#include <QTabWidget>
#include <QTableWidget>
#include <QToolButton>
#include <QtCharts/QCategoryAxis>
#include <QtCharts/QChart>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "chart.hpp"
#include "held_port.hpp"
#include "model/conduct.hpp"
#include "results_panel.hpp"
#include "theme.hpp"
#include "tool/tool.hpp"
#include "window/window_fixture.hpp"

namespace hocket::window {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

TEST_F(WindowTest, makes_exactly_the_requests_asked_for_and_ends_at_exactly_100) {
    for (const int requests : {1, 99, 100, 199, 2000}) {
        const CountingServer server;
        test(server.url(), std::to_string(requests));
        EXPECT_EQ(button_text(), "Cancel");
        wait_for_end();
        EXPECT_EQ(bar().value(), 100);
        EXPECT_EQ(std::count(bar_values_.begin(), bar_values_.end(), 100), 1);
        EXPECT_TRUE(std::is_sorted(bar_values_.begin() + (bar_values_.front() == 0 ? 1 : 0), bar_values_.end()));
        EXPECT_EQ(button_text(), "Submit");
        EXPECT_EQ(server.requests(), requests);
        EXPECT_EQ(window_->current()->responses(), static_cast<std::uint64_t>(requests));
        const std::string count = requests == 2000 ? "2,000" : std::to_string(requests);
        EXPECT_THAT(status(), StartsWith(count + " of " + count + " done in "));
        EXPECT_EQ(figure("errors"), "0");
    }
}

TEST_F(WindowTest, moves_the_bar_with_every_percent) {
    CountingServer server(0);
    test(server.url(), "100");
    EXPECT_EQ(bar().value(), 0);
    for (int percent = 1; percent <= 12; ++percent) {
        server.answer_one();
        wait_until([&] { return bar().value() > percent - 1; });
        EXPECT_EQ(bar().value(), percent);
    }
    server.open();
    wait_for_end();
    EXPECT_EQ(bar().value(), 100);
    // The updates that came are all shown, in order.
    EXPECT_TRUE(std::is_sorted(bar_values_.begin(), bar_values_.end()));
    EXPECT_EQ(bar_values_.back(), 100);
}

// Not one update a turn, with which the button comes back long after the test's end.
TEST_F(WindowTest, takes_all_updates_that_wait_at_once) {
    int requests = 0;
    Event closed;
    testing::ScriptedServer server([&](Socket& socket) -> Task<void> {
        for (;;) {
            const bool asked = co_await testing::ScriptedServer::read_request(socket);
            if (!asked && requests == 2000) closed.set();
            if (!asked) co_return;
            if (++requests % 100 == 0) co_await sleep(60ms);  // so slowly that there is an update each time
            co_await socket.async_send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        }
    });
    type("connections", "1");
    test(server.url(), "2000");
    closed.wait();  // the window does nothing meanwhile
    EXPECT_THAT(bar_values_, Each(0));
    bar_values_.clear();
    wait_for_end();
    EXPECT_EQ(button_text(), "Submit");
    EXPECT_EQ(bar().value(), 100);
    // What waited, the end, and one that may have been put just before the end.
    EXPECT_LE(bar_values_.size(), 3u);
}

TEST_F(WindowTest, tells_beside_the_field_what_is_wrong_and_goes_on_reading_submit) {
    const CountingServer server;
    struct Bad {
        const char* field;
        const char* text;
        const char* complaint;
    };
    type("url", server.url());
    for (const Bad& bad : {Bad{"requests", "0", "'0' is not a whole number of 1 or more"},
                           Bad{"requests", "", "how many?"}, Bad{"requests", "many", "'many' is not a whole number"},
                           Bad{"requests", "12x", "'12x' is not a whole number"},
                           Bad{"connections", "0", "'0' is not a whole number from 1"},
                           Bad{"connections", "5000", "the limit of 1024 open files has room for"},
                           Bad{"duration", "never", "is not a duration"}, Bad{"duration", "0s", "longer than 0"},
                           Bad{"url", "", "test what?"}, Bad{"url", "http://:80/", "http://:80/"},
                           Bad{"url", "gopher://a/", "gopher"}}) {
        const std::string before = find<QLineEdit>(bad.field).text().toStdString();
        if (std::string(bad.field) == "connections") type("requests", "100000");
        type(bad.field, bad.text);
        for (int how = 0; how < 2; ++how) {
            if (how == 0) press();
            if (how == 1) QTest::keyClick(&find<QLineEdit>(bad.field), Qt::Key_Return);
            EXPECT_THAT(complaint(bad.field), HasSubstr(bad.complaint));
            EXPECT_EQ(button_text(), "Submit");
            EXPECT_EQ(window_->current(), nullptr);
            EXPECT_EQ(bar().value(), 0);
            EXPECT_EQ(QApplication::focusWidget(), &find<QLineEdit>(bad.field)) << "where to mend it";
        }
        EXPECT_EQ(open_windows(), 1);
        type(bad.field, before);
        EXPECT_EQ(complaint(bad.field), "") << "gone when the field is being mended";
        type("requests", "10");
    }
    EXPECT_EQ(server.requests(), 0);
    press();
    wait_for_end();
    EXPECT_EQ(server.requests(), 10);
}

TEST_F(WindowTest, is_ready_at_once_after_cancel_and_no_more_requests_leave) {
    const CountingServer server(500);
    test(server.url(), "1000");
    wait_until([&] { return bar().value() == 50; });
    press();
    EXPECT_EQ(button_text(), "Submit") << "at once";
    EXPECT_EQ(bar().value(), 0);
    wait_for_end();
    EXPECT_EQ(bar().value(), 0);
    EXPECT_THAT(status(), HasSubstr("Cancelled after"));
    EXPECT_THAT(status(), HasSubstr("500 of 1,000 done"));
    const load::Summary& summary = *window_->current()->summary();
    EXPECT_TRUE(summary.interrupted);
    EXPECT_LE(static_cast<std::uint64_t>(server.requests()), summary.responses() + summary.unfinished);
    EXPECT_LE(summary.unfinished, 10u) << "one for each connection";
    EXPECT_THAT(find<QPlainTextEdit>("summary").toPlainText().toStdString(),
                HasSubstr("Interrupted after 500 of 1,000 requests"));
}

TEST_F(WindowTest, shows_nothing_of_a_cancelled_test_in_the_next_one) {
    const CountingServer busy;
    for (int round = 0; round < 10; ++round) {
        test(busy.url(), "100000");
        wait_until([&] { return window_->current()->progress().done > 300; });
        press();
        // The old test's end is still on its way. The next one gets stuck at 3 of 10.
        CountingServer next(3);
        test(next.url(), "10");
        EXPECT_EQ(bar().value(), 0);
        EXPECT_EQ(button_text(), "Cancel");
        EXPECT_EQ(figure("rate"), "–");
        EXPECT_EQ(find<QTableWidget>("counts").rowCount(), 0);
        wait_until([&] { return bar().value() == 30; });
        EXPECT_THAT(bar_values_, Each(::testing::AnyOf(0, 10, 20, 30)));
        EXPECT_THAT(status(), StartsWith("3 of 10 done"));
        EXPECT_EQ(button_text(), "Cancel") << "not declared finished";
        next.open();
        wait_for_end();
        EXPECT_EQ(bar().value(), 100);
        EXPECT_EQ(next.requests(), 10);
        EXPECT_THAT(bar_values_, Each(::testing::Le(100)));
        EXPECT_TRUE(std::is_sorted(bar_values_.begin(), bar_values_.end()));
    }
    // Each cancelled test has its own end in the list.
    const QListWidget& history = find<QListWidget>("history");
    wait_until([&] {
        int cancelled = 0;
        for (int row = 0; row < history.count(); ++row) cancelled += history.item(row)->text().contains("cancelled");
        return cancelled == 10;
    });
    EXPECT_EQ(history.count(), 20);
}

TEST_F(WindowTest, cancels_and_submits_as_fast_as_one_can_press) {
    const CountingServer server;
    test(server.url(), "1000000");
    for (int i = 0; i < 40; ++i) press();  // cancel, submit, cancel, ...
    EXPECT_EQ(button_text(), "Cancel");
    EXPECT_EQ(bar().value(), 0);
    press();
    wait_for_end();
    const int after = server.requests();
    EXPECT_EQ(window_->current()->state(), TestRun::State::cancelled);
    test(server.url(), "50");
    wait_for_end();
    EXPECT_EQ(bar().value(), 100);
    EXPECT_GE(server.requests(), after + 50);
}

TEST_F(WindowTest, shows_failed_requests_as_errors_and_opens_no_dialogs) {
    testing::ScriptedServer server([](Socket& socket) -> Task<void> {
        const bool asked = co_await testing::ScriptedServer::read_request(socket);
        (void)asked;
        co_await socket.async_send("HTTP/1.1 nonsense\r\n\r\n");
    });
    test(server.url(), "40");
    wait_for_end();
    EXPECT_EQ(bar().value(), 100) << "all have been made";
    EXPECT_EQ(button_text(), "Submit");
    EXPECT_THAT(status(), StartsWith("0 of 40 done · 40 errors"));
    EXPECT_EQ(figure("errors"), "40");
    const QTableWidget& counts = find<QTableWidget>("counts");
    ASSERT_EQ(counts.rowCount(), 1);
    EXPECT_THAT(counts.item(0, 0)->text().toStdString(), HasSubstr("protocol"));
    EXPECT_EQ(counts.item(0, 1)->text(), "40");
    EXPECT_EQ(open_windows(), 1);
}

TEST_F(WindowTest, says_in_its_status_line_that_nobody_answers) {
    const testing::HeldPort held;
    const std::uint16_t port = held.port();
    test("http://127.0.0.1:" + std::to_string(port) + "/", "10");
    wait_for_end();
    EXPECT_THAT(status(), HasSubstr("Cannot reach http://127.0.0.1:" + std::to_string(port) + "/: "));
    EXPECT_THAT(status(), HasSubstr("refused"));
    EXPECT_EQ(bar().value(), 0);
    EXPECT_EQ(button_text(), "Submit");
    EXPECT_EQ(open_windows(), 1);
}

TEST_F(WindowTest, counts_status_codes_as_they_come) {
    testing::ScriptedServer server([](Socket& socket) -> Task<void> {
        for (int i = 0;; ++i) {
            const bool asked = co_await testing::ScriptedServer::read_request(socket);
            if (!asked) co_return;
            const std::string status = i % 2 == 0 ? "200 OK" : "503 Busy";
            co_await socket.async_send("HTTP/1.1 " + status + "\r\nContent-Length: 0\r\n\r\n");
        }
    });
    type("connections", "1");
    test(server.url(), "100");
    wait_for_end();
    const QTableWidget& counts = find<QTableWidget>("counts");
    ASSERT_EQ(counts.rowCount(), 2);
    EXPECT_THAT(counts.item(0, 0)->text().toStdString(), HasSubstr("200"));
    EXPECT_EQ(counts.item(0, 1)->text(), "50");
    EXPECT_THAT(counts.item(1, 0)->text().toStdString(), HasSubstr("503"));
    EXPECT_EQ(counts.item(1, 1)->text(), "50");
}

TEST_F(WindowTest, runs_for_a_time) {
    const CountingServer server;
    type("url", server.url());
    type("duration", "300ms");
    press();
    EXPECT_EQ(button_text(), "Cancel");
    wait_for_end();
    EXPECT_EQ(bar().value(), 100);
    const load::Summary& summary = *window_->current()->summary();
    EXPECT_LE(static_cast<std::uint64_t>(server.requests()), summary.requests() + summary.unfinished);
    EXPECT_GE(static_cast<std::uint64_t>(server.requests()), summary.responses());
}

TEST_F(WindowTest, takes_a_double_click_for_one) {
    CountingServer server(0);
    type("url", server.url());
    QTest::mouseClick(&button(), Qt::LeftButton);
    QTest::mouseDClick(&button(), Qt::LeftButton);  // press, double click: what follows the first press
    EXPECT_EQ(window_->current()->number(), 1u);
}

TEST_F(WindowTest, has_earlier_tests_in_a_list_and_lays_two_over_each_other) {
    const CountingServer server;
    for (int i = 0; i < 3; ++i) {
        test(server.url(), "300");
        wait_for_end();
    }
    QListWidget& history = find<QListWidget>("history");
    ASSERT_EQ(history.count(), 3);
    EXPECT_THAT(history.item(0)->text().toStdString(), StartsWith("#3  GET 127.0.0.1:"));
    const auto legend = [&](const char* chart) {
        std::string names;
        for (const ChartHeading::Key& key : std::as_const(find<Chart>(chart)).heading().keys())
            names += key.name.toStdString() + ";";
        return names;
    };
    EXPECT_EQ(history.selectedItems().size(), 1);
    EXPECT_EQ(legend("rate_chart"), "");
    EXPECT_EQ(legend("latency_chart"), "p50;p99;");
    EXPECT_EQ(legend("band_chart"), "");
    const auto click = [&](int row, Qt::KeyboardModifiers modifiers) {
        QTest::mouseClick(history.viewport(), Qt::LeftButton, modifiers,
                          history.visualItemRect(history.item(row)).center());
    };
    find<ResultsPanel>("results").show_curves_page();
    click(2, Qt::ControlModifier);
    EXPECT_EQ(history.selectedItems().size(), 2);
    EXPECT_EQ(legend("rate_chart"), "#3;#1;");
    EXPECT_EQ(legend("latency_chart"), "#3 p50;#3 p99;#1 p50;#1 p99;");
    EXPECT_EQ(legend("band_chart"), "#3;#1;");
    EXPECT_THAT(find<QPlainTextEdit>("summary").toPlainText().toStdString(), HasSubstr("Requests"));
    click(1, Qt::ControlModifier);
    EXPECT_EQ(history.selectedItems().size(), 2) << "a third takes the second's place";
    EXPECT_TRUE(history.item(0)->isSelected());
    EXPECT_TRUE(history.item(1)->isSelected());
    click(2, Qt::NoModifier);
    EXPECT_EQ(history.selectedItems().size(), 1);
    EXPECT_EQ(legend("rate_chart"), "");
}

TEST_F(WindowTest, marks_the_two_tests_with_the_colours_of_their_curves) {
    const CountingServer server;
    for (int i = 0; i < 3; ++i) {
        test(server.url(), "10");
        wait_for_end();
    }
    QListWidget& history = find<QListWidget>("history");
    const auto marks = [&] {
        std::vector<int> curves;
        for (int row = 0; row < history.count(); ++row) {
            const QVariant curve = history.item(row)->data(Qt::UserRole);
            curves.push_back(curve.isValid() ? curve.toInt() : -1);
        }
        return curves;
    };
    EXPECT_THAT(marks(), Each(-1)) << "one curve needs no key";
    history.item(2)->setSelected(true);
    EXPECT_THAT(marks(), ElementsAre(0, -1, 1));
    history.item(1)->setSelected(true);
    EXPECT_THAT(marks(), ElementsAre(0, 1, -1));
    history.item(0)->setSelected(false);
    EXPECT_THAT(marks(), Each(-1));
}

TEST_F(WindowTest, draws_axes_only_when_there_is_something_on_them) {
    const auto shown = [&](const char* chart) { return find<Chart>(chart).isVisible(); };
    QTabWidget& pages = find<QTabWidget>("results");
    EXPECT_FALSE(shown("rate_chart"));
    pages.setCurrentIndex(1);
    EXPECT_FALSE(shown("band_chart"));
    const CountingServer server;
    test(server.url(), "200");
    wait_for_end();
    pages.setCurrentIndex(0);
    EXPECT_TRUE(shown("rate_chart"));
    EXPECT_TRUE(shown("latency_chart"));
    const auto left = [&](const char* chart) { return find<Chart>(chart).chart().plotArea().left(); };
    EXPECT_DOUBLE_EQ(left("rate_chart"), left("latency_chart")) << "their times are below each other";
    pages.setCurrentIndex(1);
    ASSERT_TRUE(shown("band_chart"));
    const auto axes = find<Chart>("band_chart").chart().axes(Qt::Horizontal);
    ASSERT_EQ(axes.size(), 1);
    auto* latency = qobject_cast<QCategoryAxis*>(axes.front());
    ASSERT_TRUE(latency);
    // 1, 2 or 5 of a unit.
    const QStringList labels = latency->categoriesLabels();
    EXPECT_GE(labels.size(), 2);
    for (const QString& label : labels)
        EXPECT_TRUE(QRegularExpression(QStringLiteral("^[125]0{0,2} (µs|ms|s)$")).match(label).hasMatch())
            << label.toStdString();
}

TEST_F(WindowTest, counts_the_same_everywhere) {
    CountingServer server(0);
    test(server.url(), "1000");
    wait_until([&] { return server.requests() == 10; });
    server.open();
    // Whatever is shown, the line below the bar and the list say the same.
    while (!window_->current()->summary()) {
        QTest::qWait(1);
        const QTableWidget& counts = find<QTableWidget>("counts");
        if (counts.rowCount() == 0) continue;
        if (status().find(" of 1,000 done") == std::string::npos) continue;
        EXPECT_EQ(counts.item(0, 1)->text().toStdString(), status().substr(0, status().find(' ')));
    }
    EXPECT_EQ(find<QTableWidget>("counts").item(0, 1)->text(), "1,000");
}

TEST_F(WindowTest, copies_and_saves_what_hocket_load_prints_and_writes) {
    const CountingServer server;
    test(server.url(), "25");
    wait_for_end();
    const QPlainTextEdit& summary = find<QPlainTextEdit>("summary");
    const TestRun& run = *window_->current();
    const std::string text = load::format_text(*run.summary(), run.options(), load::TextStyle());
    EXPECT_EQ(summary.toPlainText().toStdString(), text);
    // With less room its bars are shorter, as on a narrow terminal; the copy stays as it is.
    window_->resize(800, 600);
    wait_until([&] { return summary.toPlainText().toStdString() != text; });
    EXPECT_EQ(summary.horizontalScrollBar()->maximum(), 0);
    EXPECT_THAT(summary.toPlainText().toStdString(), HasSubstr("p99.9"));
    QTest::mouseClick(&find<QAbstractButton>("copy"), Qt::LeftButton);
    EXPECT_EQ(QApplication::clipboard()->text().toStdString(), text);

    const std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("hocket-window-" + std::to_string(::getpid()));
    std::filesystem::create_directory(folder);
    const auto save_to = [&](const std::filesystem::path& file) {
        QTest::mouseClick(&find<QAbstractButton>("save"), Qt::LeftButton);
        auto* dialog = window_->findChild<QFileDialog*>("save_dialog");
        ASSERT_TRUE(dialog);
        ASSERT_TRUE(QTest::qWaitForWindowActive(dialog, 50'000));
        auto* name = dialog->findChild<QLineEdit*>("fileNameEdit");
        ASSERT_TRUE(name);
        name->setText(QString::fromStdString(file.string()));  // typed, it would open a list of suggestions
        auto* buttons = dialog->findChild<QDialogButtonBox*>();
        ASSERT_TRUE(buttons);
        QTest::mouseClick(buttons->button(QDialogButtonBox::Save), Qt::LeftButton);
        wait_until([&] { return !window_->findChild<QFileDialog*>("save_dialog"); });
    };
    save_to(folder / "result.json");
    EXPECT_THAT(find<StatusLine>("said").text().toStdString(), HasSubstr("Saved to"));
    std::ifstream file(folder / "result.json");
    const auto json = nlohmann::json::parse(file);
    EXPECT_EQ(json["schema"], "hocket-load-1");
    EXPECT_EQ(json["requests"], 25);
    EXPECT_EQ(json["status"]["200"], 25);

    save_to("/proc/result.json");
    EXPECT_THAT(find<StatusLine>("said").text().toStdString(), HasSubstr("Cannot write /proc/result.json: "));
    std::filesystem::remove_all(folder);
}

TEST_F(WindowTest, ends_within_a_second_when_it_is_closed_during_a_test) {
    const CountingServer server;
    test(server.url(), "100000000");
    wait_until([&] { return server.requests() > 100; });
    const auto closed = std::chrono::steady_clock::now();
    window_->close();
    window_.reset();
    EXPECT_LT(std::chrono::steady_clock::now() - closed, testing::kOneSecond);
}

double luminance(const QColor& color) {
    const auto linear = [](double c) { return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4); };
    return 0.2126 * linear(color.redF()) + 0.7152 * linear(color.greenF()) + 0.0722 * linear(color.blueF());
}

// Web Content Accessibility Guidelines 2.1, contrast ratio.
double contrast(const QColor& a, const QColor& b) {
    const double one = luminance(a);
    const double other = luminance(b);
    return (std::max(one, other) + 0.05) / (std::min(one, other) + 0.05);
}

QPalette dark_palette() {
    QPalette palette(QColor(0x35, 0x35, 0x38), QColor(0x2B, 0x2B, 0x2E));
    palette.setColor(QPalette::Base, QColor(0x1E, 0x1E, 0x20));
    return palette;
}

TEST(Theme, can_be_read_in_light_and_dark) {
    for (const QPalette& palette : {QPalette(QColor(0xEF, 0xEF, 0xEF)), dark_palette()}) {
        const Theme theme(palette);
        for (const QColor& color :
             {theme.text, theme.quiet, theme.good, theme.warning, theme.bad, theme.curves[0], theme.curves[1]}) {
            EXPECT_GE(contrast(color, theme.surface), 4.5)
                << color.name().toStdString() << (theme.dark ? " on dark" : " on light");
        }
    }
}

TEST_F(WindowTest, follows_the_palette_while_it_is_open) {
    const QPalette before = QApplication::palette();
    const auto surface = [&] { return find<Chart>("rate_chart").chart().backgroundBrush().color(); };
    EXPECT_EQ(surface(), before.color(QPalette::Base));
    QApplication::setPalette(dark_palette());
    wait_until([&] { return surface() == dark_palette().color(QPalette::Base); });
    QApplication::setPalette(before);
    wait_until([&] { return surface() == before.color(QPalette::Base); });
}

TEST_F(WindowTest, fits_into_800_by_600_with_everything_open) {
    QTest::mouseClick(&find<QToolButton>("more"), Qt::LeftButton);
    window_->resize(800, 600);
    QTest::qWait(0);
    EXPECT_EQ(window_->size(), QSize(800, 600));
    for (const QWidget* widget : window_->findChildren<QWidget*>()) {
        if (!widget->isVisible() || widget->parentWidget()->objectName().startsWith("qt_")) continue;
        const auto* label = qobject_cast<const QLabel*>(widget);
        const auto* text = qobject_cast<const QAbstractButton*>(widget);
        if (!label && !text) continue;
        EXPECT_GE(widget->width(), widget->minimumSizeHint().width()) << widget->objectName().toStdString();
    }
    EXPECT_GE(find<QWidget>("rate_chart").height(), 90);
}

TEST_F(WindowTest, grows_with_the_font) {
    const QFont before = QApplication::font();
    const int small = find<QLineEdit>("requests").height();
    const int narrow = find<QLineEdit>("requests").minimumWidth();
    const CountingServer server;
    test(server.url(), "20");
    wait_for_end();
    const QListWidget& history = find<QListWidget>("history");
    const int low = history.visualItemRect(history.item(0)).height();
    QFont larger = before;
    larger.setPointSizeF(before.pointSizeF() * 1.6);
    QApplication::setFont(larger);
    wait_until([&] { return find<QLineEdit>("requests").height() > small; });
    EXPECT_GT(find<Figure>("rate").sizeHint().height(), 1.4 * small);
    EXPECT_GT(find<QLineEdit>("requests").minimumWidth(), 1.3 * narrow);
    EXPECT_GT(history.visualItemRect(history.item(0)).height(), 1.3 * low) << "of a test that was there before";
    EXPECT_GT(find<QTableWidget>("counts").rowHeight(0), 1.3 * small / 2);
    QApplication::setFont(before);
}

}  // namespace
}  // namespace hocket::window
