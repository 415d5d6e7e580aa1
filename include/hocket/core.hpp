// The foundation: errors, time, outcomes, reports.
#pragma once
#include "hocket/core/clock.hpp"
#include "hocket/core/context_var.hpp"
#include "hocket/core/errors.hpp"
#include "hocket/core/outcome.hpp"
#include "hocket/core/report.hpp"
