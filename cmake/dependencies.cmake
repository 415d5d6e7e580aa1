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

# TLS.
find_package(OpenSSL 3.0 REQUIRED)

# Compresses the responses of http::Server.
find_package(ZLIB REQUIRED)

# The engine of http::Client. Older ones wait on the loop's thread for a name look-up that is cancelled.
find_package(CURL 7.87 REQUIRED)

# Serialises arguments and results of jobs in other processes. Headers only.
find_package(cereal 1.3 REQUIRED)
