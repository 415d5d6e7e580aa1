// Threads, and what comes in threads: timers, thread-local values.
#pragma once
#include "hocket/core.hpp"
#include "hocket/sync.hpp"
#include "hocket/threading/cancel_shield.hpp"
#include "hocket/threading/local.hpp"
#include "hocket/threading/periodic_timer.hpp"
#include "hocket/threading/this_thread.hpp"
#include "hocket/threading/thread.hpp"
#include "hocket/threading/timer.hpp"
