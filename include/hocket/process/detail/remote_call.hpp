// A function with its arguments, as it travels to another process.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "hocket/process/archive.hpp"

namespace hocket::detail {

/// What an argument of type A arrives as: a value. Text arrives as std::string.
template <class A>
struct Arrives {
    using Type = std::decay_t<A>;
};
template <class A>
requires(std::same_as<std::decay_t<A>, const char*> || std::same_as<std::decay_t<A>, char*> ||
         std::same_as<std::decay_t<A>, std::string_view>) struct Arrives<A> {
    using Type = std::string;
};
template <class A>
using ArrivesAs = typename Arrives<A>::Type;

template <class F>
concept MemberFunction = std::is_member_function_pointer_v<F>;
/// A lambda without captures, or a function object without members.
template <class F>
concept Stateless = std::is_class_v<F> && std::is_empty_v<F> && std::is_trivially_copyable_v<F>;
/// A function object that says itself how it travels.
template <class F>
concept SendableObject = std::is_class_v<F> &&(ArchiveHandle<F> || SerialisesItself<F>);
template <class F>
concept SendableFunction = FunctionPointer<F> || MemberFunction<F> || Stateless<F> || SendableObject<F>;

template <class F, class... Arguments>
constexpr void require_sendable_call() {
    static_assert(
        !std::is_class_v<F> || SendableFunction<F>,
        "hocket: a lambda with captures (or std::function, std::bind) cannot be sent to another process: what "
        "it has captured may refer to this one. Pass values as arguments instead, "
        "`submit([](int x) { ... }, x)`, or give a function object `template <class Archive> void "
        "serialize(Archive& archive)` and a default constructor.");
    static_assert(std::is_class_v<F> || SendableFunction<F>, "hocket: only functions can be called in another process");
    (require_transferable<Arguments>(), ...);
    static_assert(std::is_invocable_v<F, Arguments...>,
                  "hocket: the function cannot be called with these arguments as they arrive in the other process: by "
                  "value, text as std::string. Its parameters are values or const references.");
}

/// Stops the compilation with advice if an argument, as it is given, would have to be copied and cannot be.
template <class... Given>
constexpr void require_given_well() {
    static_assert((std::is_constructible_v<ArrivesAs<Given>, Given> && ...),
                  "hocket: an argument that cannot be copied is handed over to the other process: write std::move(it)");
}

template <class F, class... Arguments>
using RemoteResult = std::decay_t<std::invoke_result_t<F, Arguments...>>;

/// The same of a function and arguments as they are given.
template <class F, class... Arguments>
using JobResult = RemoteResult<std::decay_t<F>, ArrivesAs<Arguments>...>;

// Pointers to member functions, as the Itanium C++ ABI has them: an address, or the place in a table of virtual
// functions, which is the same in all processes of the program.
struct MemberPointer {
    std::uintptr_t function;
    std::ptrdiff_t adjustment;
    bool is_virtual() const noexcept {
#ifdef __aarch64__
        return (adjustment & 1) != 0;
#else
        return (function & 1) != 0;
#endif
    }
};

template <class F>
void write_function(Payload& payload, const F& function) {
    if constexpr (MemberFunction<F>) {
        MemberPointer pointer;
        static_assert(sizeof pointer == sizeof function);
        std::memcpy(&pointer, &function, sizeof pointer);
        FunctionName name;
        if (!pointer.is_virtual()) {
            name = name_of_function(reinterpret_cast<const void*>(pointer.function));
            pointer.function = 0;
        }
        payload.append(&pointer, sizeof pointer);
        payload.append(&name, sizeof name);
    } else {
        write_value(payload, function);
    }
}

template <class F>
F read_function(PayloadReader& payload) {
    if constexpr (MemberFunction<F>) {
        MemberPointer pointer;
        FunctionName name;
        payload.read(&pointer, sizeof pointer);
        payload.read(&name, sizeof name);
        if (name != FunctionName()) pointer.function = reinterpret_cast<std::uintptr_t>(function_named(name));
        F function;
        std::memcpy(&function, &pointer, sizeof function);
        return function;
    } else {
        return read_value<F>(payload);
    }
}

template <class Argument, class Given>
void write_argument(Payload& payload, const Given& given) {
    if constexpr (std::same_as<Argument, std::decay_t<Given>>) {
        write_value<Argument>(payload, given);
    } else {
        // Text, as a std::string would be written.
        const std::string_view text(given);
        const std::uint64_t size = text.size();
        payload.append(&size, sizeof size);
        payload.append(text.data(), text.size());
    }
}

/// Not inlined: g++ 12 takes an object on the stack, seen together with a pointer to any member function, for one that
/// is read beyond its end, as if the function were virtual.
template <class F, class... Arguments>
[[gnu::noinline]] decltype(auto) call_member(F& function, Arguments&... arguments) {
    return std::invoke(function, std::move(arguments)...);
}

/// Calls what was written: the function, then its arguments. `F` and `Arguments` as they arrive.
template <class F, class... Arguments>
decltype(auto) call_from(PayloadReader& payload) {
    F function = read_function<F>(payload);
    // In braces, they are read in their order.
    std::tuple<Arguments...> arguments{read_value<Arguments>(payload)...};
    const auto call = [&](Arguments&... each) -> decltype(auto) {
        if constexpr (MemberFunction<F>) {
            return call_member(function, each...);
        } else {
            return std::invoke(function, std::move(each)...);
        }
    };
    return std::apply(call, arguments);
}

}  // namespace hocket::detail
