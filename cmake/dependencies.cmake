# What the library itself links. The tool, the tests and the benchmarks look for theirs in their own folders.

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
    pkg_check_modules(LIBURING QUIET IMPORTED_TARGET liburing>=2.3)
endif()
if(LIBURING_FOUND)
    set(io_uring_default ON)
else()
    set(io_uring_default OFF)
endif()
option(HOCKET_IO_URING "Build the io_uring back end (needs liburing 2.3)" ${io_uring_default})
if(HOCKET_IO_URING AND NOT LIBURING_FOUND)
    message(FATAL_ERROR "HOCKET_IO_URING is ON but pkg-config finds no liburing 2.3 or newer.\n"
                        "Install it (Debian: liburing-dev pkg-config) or configure with -DHOCKET_IO_URING=OFF.")
elseif(NOT HOCKET_IO_URING)
    message(STATUS "hocket: without the io_uring back end, epoll only. "
                   "For both, install liburing 2.3 (Debian: liburing-dev) and set -DHOCKET_IO_URING=ON.")
endif()
