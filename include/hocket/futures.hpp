// Results to come, and the executors that work for them.
#pragma once
#include "hocket/futures/errors.hpp"
#include "hocket/futures/executor.hpp"
#include "hocket/futures/future.hpp"
#include "hocket/futures/map_options.hpp"
#include "hocket/futures/map_reduce.hpp"
#include "hocket/futures/parallel.hpp"
#include "hocket/futures/promise.hpp"
#include "hocket/futures/thread_pool.hpp"
#include "hocket/futures/wait.hpp"
