// Locks and what threads and tasks wait for.
#pragma once
#include "hocket/sync/acquire.hpp"
#include "hocket/sync/barrier.hpp"
#include "hocket/sync/condition.hpp"
#include "hocket/sync/event.hpp"
#include "hocket/sync/lock.hpp"
#include "hocket/sync/priority_lock.hpp"
#include "hocket/sync/rlock.hpp"
#include "hocket/sync/semaphore.hpp"
