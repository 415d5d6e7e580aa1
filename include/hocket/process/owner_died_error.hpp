// OwnerDiedError: what locks between processes say of an owner that died.
#pragma once
#include <stdexcept>

namespace hocket {

/// The process or thread that had a shared lock died without giving it back: what the lock protects may be half
/// changed. Thrown to everybody who wants the lock, until somebody takes it by recover().
class OwnerDiedError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

}  // namespace hocket
