// Exchanges by name.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <typeinfo>
#include <vector>

#include "hocket/actor/exchange.hpp"

namespace hocket {
namespace detail {

/// The exchange of that name, made by `make` if there is none. `keep`: until drop_exchange(), else as long as somebody
/// holds it. Throws InvalidStateError if there is one for messages of another type.
std::shared_ptr<void> registered_exchange(std::string_view name, const std::type_info& message, bool keep,
                                          std::shared_ptr<void> (*make)(std::string name));

template <class T>
std::shared_ptr<void> make_exchange(std::string name) {
    return std::make_shared<Exchange<T>>(std::move(name));
}

}  // namespace detail

/// The exchange of that name for messages of type T, the same one in the whole program. It stays until drop_exchange().
/// Any thread. Throws InvalidStateError if the name belongs to an exchange of another type.
template <class T>
Exchange<T>& get_exchange(std::string_view name) {
    return *static_cast<Exchange<T>*>(
        detail::registered_exchange(name, typeid(T), true, &detail::make_exchange<T>).get());
}
/// The same, but unless somebody got it by get_exchange(), it stays only as long as somebody holds what is returned:
/// for names that come and go.
template <class T>
std::shared_ptr<Exchange<T>> shared_exchange(std::string_view name) {
    return std::static_pointer_cast<Exchange<T>>(
        detail::registered_exchange(name, typeid(T), false, &detail::make_exchange<T>));
}
/// Forgets the exchange that get_exchange() made: references from there must not be used any more; whoever holds it by
/// shared_exchange() keeps it. False if there was none.
bool drop_exchange(std::string_view name);
/// The names in use, in alphabetical order.
std::vector<std::string> exchange_names();

}  // namespace hocket
