// Coroutines: tasks, the event loop that runs them, and the ways to wait for several at once.
#pragma once
#include "hocket/aio/cancel_scope.hpp"
#include "hocket/aio/create_task.hpp"
#include "hocket/aio/event_loop.hpp"
#include "hocket/aio/gather.hpp"
#include "hocket/aio/sleep.hpp"
#include "hocket/aio/task.hpp"
#include "hocket/aio/task_group.hpp"
#include "hocket/aio/timeout.hpp"
#include "hocket/aio/virtual_clock.hpp"
#include "hocket/core.hpp"
#include "hocket/futures.hpp"
