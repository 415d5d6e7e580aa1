#pragma once

namespace hocket::load {

// What each of the tool's programs does first, before there are other threads: standard streams that were closed are
// opened at nothing, lest a socket get their numbers and be written our messages; and SIGINT and SIGTERM are blocked,
// since commands take them from a descriptor, in one thread.
void prepare_process();

}  // namespace hocket::load
