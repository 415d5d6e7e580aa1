// Pictures of the window, for the documents: HOCKET_SCREENSHOTS=docs/images names the folder.
#include <QApplication>
#include <QImage>
#include <QListWidget>
#include <QPixmap>
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "child_process.hpp"
#include "results_panel.hpp"
#include "serve/target.hpp"
#include "window/window_fixture.hpp"

namespace hocket::window {
namespace {

class WindowPictures : public WindowTest {
protected:
    // Saves it, and looks whether it shows anything.
    void take(const std::string& name) {
        QTest::qWait(0);  // charts lay themselves out a turn later
        const QPixmap picture = window_->grab();
        EXPECT_EQ(picture.size(), window_->size() * window_->devicePixelRatio());
        const char* wanted = std::getenv("HOCKET_SCREENSHOTS");
        const std::filesystem::path folder = wanted ? wanted : std::filesystem::temp_directory_path();
        const std::filesystem::path file =
            folder / (wanted ? name : "hocket-" + std::to_string(::getpid()) + "-" + name);
        EXPECT_TRUE(picture.save(QString::fromStdString(file.string()), "PNG")) << file;
        const QImage image(QString::fromStdString(file.string()));
        std::set<QRgb> colors;
        for (int y = 0; y < image.height(); y += 3) {
            for (int x = 0; x < image.width(); x += 3) colors.insert(image.pixel(x, y));
        }
        EXPECT_GT(colors.size(), 20u) << "a picture of nothing";
        if (!wanted) std::filesystem::remove(file);
    }
    static QPalette dark_palette() {
        QPalette palette(QColor(0x3A, 0x3A, 0x3E), QColor(0x2B, 0x2B, 0x2E));
        palette.setColor(QPalette::Base, QColor(0x1E, 0x1E, 0x20));
        palette.setColor(QPalette::AlternateBase, QColor(0x26, 0x26, 0x29));
        palette.setColor(QPalette::Highlight, QColor(0x2A, 0x6C, 0xB8));
        palette.setColor(QPalette::HighlightedText, Qt::white);
        return palette;
    }
};

TEST_F(WindowPictures, of_a_running_and_a_finished_test) {
    load::ServeOptions target_options;
    target_options.port = 0;
    target_options.threads = 1;
    const serve::Target target(target_options);
    const std::string url = "http://127.0.0.1:" + std::to_string(target.port()) + "/";
    window_->resize(960, 640);
    const bool for_documents = std::getenv("HOCKET_SCREENSHOTS") != nullptr;
    type("connections", "100");
    test(url, for_documents ? "300000" : "20000");
    // A running one: after two thirds.
    wait_until([&] { return bar().value() >= 63 && !window_->current()->samples().empty(); });
    take("window-running.png");
    wait_for_end();
    EXPECT_EQ(bar().value(), 100);
    take("window-finished.png");

    // Another one beside it.
    type("connections", "10");
    test(url, for_documents ? "150000" : "5000");
    wait_for_end();
    QListWidget& history = find<QListWidget>("history");
    history.item(1)->setSelected(true);
    find<ResultsPanel>("results").show_curves_page();
    take("window-compared.png");
    const QPalette before = QApplication::palette();
    QApplication::setPalette(dark_palette());
    find<ResultsPanel>("results").setCurrentIndex(1);
    take("window-dark.png");
    QApplication::setPalette(before);
}

TEST(WindowPicturesOnAHighDensityScreen, have_four_times_the_pixels) {
    testing::ChildProcess process([] {
        std::vector<std::string> arguments{"env", "QT_SCALE_FACTOR=2"};
        for (std::string& argument :
             testing::ChildProcess::disabled_test("WindowPictures.DISABLED_at_twice_the_density"))
            arguments.push_back(std::move(argument));
        arguments[2] = std::filesystem::read_symlink("/proc/self/exe").string();
        return arguments;
    }());
    EXPECT_TRUE(process.wait_for(50s));
    EXPECT_EQ(process.status(), 0) << process.output << process.errors;
}

TEST_F(WindowPictures, DISABLED_at_twice_the_density) {
    EXPECT_DOUBLE_EQ(window_->devicePixelRatio(), 2);
    window_->resize(700, 500);
    take("window-high-density.png");
}

}  // namespace
}  // namespace hocket::window
