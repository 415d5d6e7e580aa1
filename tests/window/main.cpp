// Each test has a display and a QApplication.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <QApplication>

#include "window/display.hpp"

int main(int argc, char** argv) {
    ::testing::InitGoogleMock(&argc, argv);
    if (::testing::GTEST_FLAG(list_tests)) return RUN_ALL_TESTS();
    const hocket::testing::Display display;
    const QApplication application(argc, argv);
    return RUN_ALL_TESTS();
}
