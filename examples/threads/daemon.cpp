// Who holds back the end of the program: a thread does, a daemon does not.
//
//     daemon daemon   main ends at once, while the daemon still counts
//     daemon cancel   main's end cancels the thread, and waits for its clean-up
//     daemon join     main waits until the thread has counted to the end; that works for daemons, too
#include <hocket/threading.hpp>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>

namespace hk = hocket;
using namespace std::chrono_literals;

// What the thread uses is its own, since a daemon may outlive everything in main().
void count(const std::shared_ptr<hk::Event>& counting, std::chrono::nanoseconds tick) {
    try {
        for (int left = 3; left > 0; --left) {
            std::printf("T-minus %d\n", left);
            std::fflush(stdout);
            counting->set();
            hk::this_thread::sleep_for(tick);
        }
        std::puts("lift-off");
    } catch (const hk::CancelledError&) {
        std::puts("cleaned up");
        throw;
    }
}

int main(int argc, char** argv) {
    const std::string mode = argc > 1 ? argv[1] : "";
    if (mode != "daemon" && mode != "cancel" && mode != "join") {
        std::fputs("usage: daemon daemon|cancel|join\n", stderr);
        return 2;
    }
    auto counting = std::make_shared<hk::Event>();
    hk::Thread thread({.name = "counter", .daemon = mode != "cancel"}, count, counting, mode == "join" ? 1ms : 1h);
    counting->wait();
    if (mode == "join") thread.join();
    std::puts("main has ended");
}
