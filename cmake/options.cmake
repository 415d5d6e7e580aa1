# Compile options of Hocket's own targets. Nothing here reaches a program that merely uses the library.

option(HOCKET_WERROR "Treat warnings as errors, with the compilers that CI runs" OFF)
set(HOCKET_SANITIZE "" CACHE STRING "Sanitizers for the whole build, as for -fsanitize=: address,undefined or thread")

if(HOCKET_BUILD_FUZZ)
    if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
        message(FATAL_ERROR "HOCKET_BUILD_FUZZ needs Clang for libFuzzer, not ${CMAKE_CXX_COMPILER_ID}: use the preset fuzz.")
    endif()
    # Every object carries the coverage that libFuzzer reads; only the fuzzers themselves link its main().
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()

if(HOCKET_SANITIZE)
    # For the whole directory, so that no object of one program is left out.
    add_compile_options(-fsanitize=${HOCKET_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
    if(HOCKET_SANITIZE MATCHES undefined)
        # The vptr check makes a pipe to find out whether it may read an object, and takes its failure for a bad object:
        # a false alarm in each test that uses up all descriptors.
        add_compile_options(-fno-sanitize=vptr)
    endif()
    add_link_options(-fsanitize=${HOCKET_SANITIZE})
endif()

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    find_program(HOCKET_CCACHE ccache)
    mark_as_advanced(HOCKET_CCACHE)
    if(HOCKET_CCACHE)
        set(CMAKE_C_COMPILER_LAUNCHER ${HOCKET_CCACHE})
        set(CMAKE_CXX_COMPILER_LAUNCHER ${HOCKET_CCACHE})
    endif()
endif()

# Only warnings that CI has seen stop a build: a newer compiler must not break somebody's release build.
set(warnings_are_errors OFF)
if(HOCKET_WERROR)
    if((CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
       OR (CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 20))
        set(warnings_are_errors ON)
    endif()
endif()

# Gives a target of ours the project's warnings, for its C++ sources.
function(hocket_own_target target)
    set(flags -Wall -Wextra -Wpedantic -Wconversion -Wno-sign-conversion)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
        list(APPEND flags -Wno-restrict) # false alarms about std::string in g++ 12, GCC bug 105651
    endif()
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND HOCKET_SANITIZE)
        list(APPEND flags -Wno-maybe-uninitialized) # instrumented code raises false alarms, as g++'s manual says
    endif()
    if(warnings_are_errors)
        list(APPEND flags -Werror)
    endif()
    get_target_property(type ${target} TYPE)
    if(HOCKET_SANITIZE MATCHES undefined AND type STREQUAL "EXECUTABLE")
        # In programs these three double the time that g++ takes, and AddressSanitizer tells most of what they would. The
        # library's own sources keep them.
        list(APPEND flags -fno-sanitize=null,alignment,object-size)
    endif()
    target_compile_options(${target} PRIVATE "$<$<COMPILE_LANGUAGE:CXX>:${flags}>")
    set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
endfunction()
