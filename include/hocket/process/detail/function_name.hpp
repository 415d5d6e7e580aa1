// What a function is called between processes of one program.
#pragma once
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace hocket::detail {

/// The place of a function: the module (program or shared library) by its build id, and the offset from where that is
/// loaded, since processes may have it at different addresses.
struct FunctionName {
    std::uint64_t module = 0;
    std::uint64_t offset = 0;
    friend bool operator==(const FunctionName&, const FunctionName&) = default;
};

/// The name of the function at `address`. Any thread. Throws std::invalid_argument for an address in no module, and
/// for a module that processes started later do not have, since it was loaded after init().
FunctionName name_of_function(const void* address);
/// The address of the function in this process. Throws std::runtime_error if the process does not have its module.
const void* function_named(const FunctionName& name);
/// The modules that are loaded now are those that processes started later have: by init().
void remember_modules();

template <class F>
requires std::is_function_v<F> FunctionName name_of(F* function) {
    const void* address = nullptr;
    static_assert(sizeof address == sizeof function);
    std::memcpy(&address, &function, sizeof address);
    return name_of_function(address);
}

template <class F>
requires std::is_function_v<F> F* function_of(const FunctionName& name) {
    const void* address = function_named(name);
    F* function = nullptr;
    std::memcpy(&function, &address, sizeof function);
    return function;
}

}  // namespace hocket::detail
