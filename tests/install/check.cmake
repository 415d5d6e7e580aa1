# One way of using Hocket, from an empty folder to the programs' exit codes.

function(run)
    execute_process(COMMAND ${ARGV} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
    if(NOT result EQUAL 0)
        string(REPLACE ";" " " line "${ARGV}")
        message(FATAL_ERROR "${line}\n${output}\nended with ${result}")
    endif()
    set(output "${output}" PARENT_SCOPE)
endfunction()

# The consumer's build folder stays, which makes the second run quick; what was installed does not.
set(prefix ${WORK}/prefix)
file(REMOVE_RECURSE ${prefix} ${WORK}/build/CMakeCache.txt)
if(WAY STREQUAL "package")
    run(${CMAKE_COMMAND} --install ${HOCKET_BUILD} --prefix ${prefix})
    set(where -D CMAKE_PREFIX_PATH=${prefix})
else()
    set(where -D HOCKET_SOURCE=${HOCKET_SOURCE})
endif()

# Debug, because that is where g++ needs the option that hocket::core hands on.
run(${CMAKE_COMMAND} -S ${CONSUMER} -B ${WORK}/build -G ${GENERATOR} ${where}
    -D CMAKE_BUILD_TYPE=Debug
    -D CMAKE_C_COMPILER=${C_COMPILER}
    -D CMAKE_CXX_COMPILER=${CXX_COMPILER}
    -D CMAKE_C_COMPILER_LAUNCHER=${LAUNCHER}
    -D CMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER})
run(${CMAKE_COMMAND} --build ${WORK}/build)
run(${WORK}/build/everything)
run(${WORK}/build/core_only)

# Who needs threads only links nothing else.
run(readelf -d ${WORK}/build/core_only)
foreach(library IN ITEMS uring ssl crypto)
    if(output MATCHES "lib${library}\\.so")
        message(FATAL_ERROR "hocket::core makes its users link lib${library}:\n${output}")
    endif()
endforeach()

# The tool and the library's own folders must not be part of what a parent project builds or installs.
if(WAY STREQUAL "subdirectory")
    run(${CMAKE_COMMAND} --build ${WORK}/build --target help)
    if(output MATCHES "hocket-tool|_test|_bench")
        message(FATAL_ERROR "As a subdirectory, Hocket builds more than its libraries:\n${output}")
    endif()
else()
    run(${prefix}/bin/hocket --version)
    file(REMOVE_RECURSE ${WORK}/components)
    run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR}/components -B ${WORK}/components -G ${GENERATOR} ${where}
        -D CMAKE_C_COMPILER=${C_COMPILER} -D CMAKE_CXX_COMPILER=${CXX_COMPILER})
endif()
