// Part actor: tasks that talk by messages only. Actors, supervisors, workers, exchanges.
#pragma once
#include "hocket/actor/actor.hpp"
#include "hocket/actor/actor_ref.hpp"
#include "hocket/actor/actor_registry.hpp"
#include "hocket/actor/down.hpp"
#include "hocket/actor/errors.hpp"
#include "hocket/actor/exchange.hpp"
#include "hocket/actor/options.hpp"
#include "hocket/actor/request.hpp"
#include "hocket/actor/subscription.hpp"
#include "hocket/actor/supervisor.hpp"
#include "hocket/actor/worker.hpp"
