# Qt for the tool's window and for the example of a window. Both are left out where it is missing; the tool then says so.

set(window_qt Core Gui Widgets Charts DBus)
set(window_packages "qt6-base-dev qt6-charts-dev libqt6opengl6-dev")
find_package(Qt6 6.2 QUIET COMPONENTS ${window_qt})
option(HOCKET_WINDOW "Build the window of the tool (needs Qt 6 with Widgets and Charts)" ${Qt6_FOUND})
if(HOCKET_WINDOW AND NOT Qt6_FOUND)
    message(FATAL_ERROR "HOCKET_WINDOW is ON but there is no Qt 6 with Widgets and Charts.\n"
                        "Install it (Debian: ${window_packages}) or configure with -DHOCKET_WINDOW=OFF.")
elseif(NOT HOCKET_WINDOW)
    message(STATUS "hocket: without the window of the tool. For it, install Qt 6 (Debian: ${window_packages}) and "
                   "set -DHOCKET_WINDOW=ON.")
endif()
