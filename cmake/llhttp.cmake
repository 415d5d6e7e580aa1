# llhttp, the HTTP/1 parser, compiled into hocket::http from the C sources that Debian's package node-llhttp installs.
# The layout of llhttp's own release archive works as well.
#
# Defines hocket_llhttp, an object library: hocket::http absorbs its objects, our own sources that include <llhttp.h>
# take its include folder, and nobody who uses an installed Hocket sees either.

set(HOCKET_LLHTTP_DIR "/usr/share" CACHE PATH "Folder that holds llhttp/api.c and include/llhttp/llhttp.h")

find_path(HOCKET_LLHTTP_SOURCE_DIR api.c
    PATHS "${HOCKET_LLHTTP_DIR}/llhttp" "${HOCKET_LLHTTP_DIR}/src" NO_DEFAULT_PATH)
find_path(HOCKET_LLHTTP_INCLUDE_DIR llhttp.h
    PATHS "${HOCKET_LLHTTP_DIR}/include/llhttp" "${HOCKET_LLHTTP_DIR}/include" NO_DEFAULT_PATH)
mark_as_advanced(HOCKET_LLHTTP_SOURCE_DIR HOCKET_LLHTTP_INCLUDE_DIR)
if(NOT HOCKET_LLHTTP_SOURCE_DIR OR NOT HOCKET_LLHTTP_INCLUDE_DIR)
    message(FATAL_ERROR "The C sources of llhttp are not in ${HOCKET_LLHTTP_DIR}.\n"
                        "Install them (Debian: node-llhttp) or say where they are with -DHOCKET_LLHTTP_DIR=<folder>.")
endif()

add_library(hocket_llhttp OBJECT
    ${HOCKET_LLHTTP_SOURCE_DIR}/api.c
    ${HOCKET_LLHTTP_SOURCE_DIR}/http.c
    ${HOCKET_LLHTTP_SOURCE_DIR}/llhttp.c)
target_include_directories(hocket_llhttp SYSTEM PUBLIC ${HOCKET_LLHTTP_INCLUDE_DIR})
