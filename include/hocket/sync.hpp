// Locks and what threads and tasks wait for.
#pragma once
#include "hocket/sync/event.hpp"
#include "hocket/sync/lock.hpp"
