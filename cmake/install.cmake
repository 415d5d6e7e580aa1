# `cmake --install`: headers, libraries, and what find_package(hocket) reads.

include(CMakePackageConfigHelpers)
set(config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/hocket)

install(TARGETS hocket_core hocket_aio hocket_actor hocket_net hocket_http hocket_process hocket_os hocket_hocket
    EXPORT hocket-targets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/hocket
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
    FILES_MATCHING PATTERN "*.hpp")
install(EXPORT hocket-targets NAMESPACE hocket:: DESTINATION ${config_dir})

configure_package_config_file(
    ${CMAKE_CURRENT_LIST_DIR}/hocket-config.cmake.in ${PROJECT_BINARY_DIR}/hocket-config.cmake
    INSTALL_DESTINATION ${config_dir}
    NO_SET_AND_CHECK_MACRO)
# Before 1.0 a minor version may break its users.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/hocket-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/hocket-config.cmake ${PROJECT_BINARY_DIR}/hocket-config-version.cmake
    DESTINATION ${config_dir})
