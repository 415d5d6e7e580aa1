// A small window with a button that says hello, which takes it ten seconds, and the window reacts all the while: the
// effort is a coroutine on a loop of its own, and what comes of it arrives through a queue that Qt's loop watches.
//
//     window [MILLISECONDS_OF_EFFORT]
#include <hocket/aio.hpp>
#include <hocket/queue.hpp>

#include <QApplication>
#include <QLabel>
#include <QPushButton>
#include <QSocketNotifier>
#include <QVBoxLayout>
#include <chrono>
#include <iostream>
#include <string>

#include "../arguments.hpp"

namespace hk = hocket;

// [coroutine]
hk::Task<void> say_hello(std::chrono::milliseconds effort, hk::Queue<std::string>& said) {
    co_await hk::sleep(effort);  // or a download, a query, a thousand of them
    said.put("Hello there!");    // an unbounded queue: this never waits
}
// [coroutine]

int main(int argc, char** argv) {
    QApplication application(argc, argv);
    Arguments arguments(argc, argv, "window [MILLISECONDS]");
    const std::chrono::milliseconds effort(arguments.number("MILLISECONDS", 10'000, 0, 3'600'000));
    arguments.end();

    QWidget window;
    window.setWindowTitle("Hello");
    auto* button = new QPushButton("Say hello");
    auto* label = new QLabel("Nothing has been said yet.");
    auto* layout = new QVBoxLayout(&window);
    layout->addWidget(button);
    layout->addWidget(label);
    window.resize(200, 100);

    // [bridge]
    hk::Queue<std::string> said;
    hk::LoopThread background("background");  // goes before what its coroutines use

    QSocketNotifier arrived(said.fileno(), QSocketNotifier::Read);
    QObject::connect(&arrived, &QSocketNotifier::activated, label, [&] {
        while (auto text = said.try_get()) {  // all that is there; in Qt's thread, like any slot
            label->setText(QString::fromStdString(*text));
            std::cout << *text << std::endl;
        }
    });
    QObject::connect(button, &QPushButton::clicked, label, [&] {
        label->setText("Thinking …");
        std::cout << "Thinking" << std::endl;
        (void)background.submit(say_hello(effort, said));
    });
    // [bridge]

    window.show();
    return QApplication::exec();
}  // what still runs in the background is cancelled, and awaited
