// Queues between threads and tasks: Queue, LifoQueue, PriorityQueue.
#pragma once
#include "hocket/queue/priority_queue.hpp"
#include "hocket/queue/queue.hpp"
