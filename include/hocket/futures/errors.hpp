// What goes wrong with executors.
#pragma once
#include <stdexcept>

namespace hocket {

/// An executor that can run no jobs any more.
class BrokenExecutor : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// The initializer of a ThreadPool has failed on one of its threads.
class BrokenThreadPool : public BrokenExecutor {
public:
    using BrokenExecutor::BrokenExecutor;
};

}  // namespace hocket
