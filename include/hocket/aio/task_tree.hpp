// The task tree: what all threads and tasks of a program are doing, as text.
#pragma once
#include <string>

namespace hocket {

/// All live tasks of all event loops, each below the one that spawned it: name, where it was spawned, what it waits for
/// (which lock, and who holds it), for how long, and where, the innermost await first; then the threads, and what they
/// wait for. One line for each, with a newline at its end.
///
/// Any thread. Each loop is asked on its own thread; one that does not answer within 200 ms is said to be held up by a
/// step. Threads are seen waiting where they wait for something that has an owner (locks, results, other threads) and
/// without a time limit.
std::string format_tasks();
/// Writes format_tasks() to stderr.
void print_tasks();
/// From now on the program does so whenever it gets `signal` (SIGQUIT: Ctrl-\ in a terminal), in a thread of its own
/// that waits for it. Replaces what the signal did before. Throws std::system_error if the system refuses.
void print_tasks_on_signal(int signal = 3);

}  // namespace hocket
