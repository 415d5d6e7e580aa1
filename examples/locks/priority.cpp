// Priority inheritance: a thread that has a PriorityLock runs as urgently as the most urgent thread that waits for it,
// so that threads in between cannot hold both of them up. Needs the right to use SCHED_FIFO (root has it).
#include <hocket/sync.hpp>
#include <hocket/threading.hpp>

#include <sched.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <mutex>
#include <sstream>
#include <string>

namespace hk = hocket;

// By how much the kernel prefers a thread at this moment: its real-time priority, 0 for a common thread.
int urgency(pid_t native_id) {
    std::ifstream file("/proc/self/task/" + std::to_string(native_id) + "/stat");
    std::string text;
    std::getline(file, text);
    std::istringstream fields(text.substr(text.rfind(')') + 2));  // "12 (name) S ...", of which the 18th is needed
    for (int field = 3; field < 18; ++field) fields >> text;
    int priority = 0;
    fields >> priority;
    return priority < 0 ? -priority - 1 : 0;
}

int main() {
    hk::PriorityLock device("device");
    const pid_t owner = hk::this_thread::native_id();
    hk::Event refused;

    std::unique_lock guard(device);
    std::cout << "owner, alone: " << urgency(owner) << '\n';
    hk::Thread urgent({.name = "urgent"}, [&] {
        const sched_param parameters{.sched_priority = 5};
        if (::sched_setscheduler(0, SCHED_FIFO, &parameters) != 0) {
            std::cerr << "no real-time priority for this user: " << std::strerror(errno) << '\n';
            return refused.set();
        }
        const std::scoped_lock waits(device);
        std::cout << "the urgent one has it\n";
    });
    while (urgency(owner) == 0 && !refused.is_set()) hk::this_thread::yield();
    if (refused.is_set()) return 1;
    std::cout << "owner, with an urgent one waiting: " << urgency(owner) << '\n';
    guard.unlock();
    std::cout << std::flush;
    urgent.join();
    std::cout << "owner, afterwards: " << urgency(owner) << '\n';
}
