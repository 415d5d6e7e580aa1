// Results to come: Future and Promise.
#pragma once
#include "hocket/futures/future.hpp"
#include "hocket/futures/promise.hpp"
