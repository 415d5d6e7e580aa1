// Pipes and other descriptors as streams.
#pragma once
#include <utility>

#include "hocket/net/stream.hpp"

namespace hocket {

/// A pipe: the end to read from, then the end to write to. Throws std::system_error. What is written when the reading
/// end is gone fails with EPIPE, without a signal. Its write_eof() closes it.
std::pair<Stream, Stream> open_pipe();

/// Takes over the descriptor of a pipe, FIFO, terminal or character device, which becomes non-blocking, also for others
/// that have the same file open. (A connected socket: Stream(Socket(fd)).) Throws std::system_error, and closes it
/// then.
Stream stream_from_descriptor(int fd);

}  // namespace hocket
