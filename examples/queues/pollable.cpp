// Rows F13 to F16: one poll() over several queues and a socket, without a tick every 10 ms to look whether something
// has come. An idle poller uses no processor, and a producer is never held up by the descriptor, however many items
// wait.
//
//     pollable [ITEMS_THAT_NOBODY_READS_YET]
#include <hocket/queue.hpp>
#include <hocket/threading.hpp>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <iostream>
#include <iterator>
#include <string>
#include <variant>
#include <vector>

#include "../arguments.hpp"

namespace hk = hocket;
using namespace std::chrono_literals;

using Item = std::variant<int, std::string>;

void print(const Item& item) {
    std::visit([](const auto& value) { std::cout << "Got: " << value << '\n'; }, item);
}

double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

int main(int argc, char** argv) {
    Arguments arguments(argc, argv, "pollable [ITEMS_THAT_NOBODY_READS_YET]");
    const int many = arguments.number("ITEMS_THAT_NOBODY_READS_YET", 100'000, 0, 100'000'000);
    arguments.end();

    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return EXIT_FAILURE;
    hk::Queue<Item> q1, q2, q3;
    hk::Queue<Item>* queues[] = {&q1, &q2, &q3};

    hk::Thread consumer([&] {
        std::vector<pollfd> watched;
        for (hk::Queue<Item>* queue : queues) watched.push_back({queue->fileno(), POLLIN, 0});
        watched.push_back({ends[0], POLLIN, 0});
        for (;;) {
            ::poll(watched.data(), watched.size(), -1);
            for (std::size_t i = 0; i < std::size(queues); ++i) {
                if (watched[i].revents == 0) continue;
                while (auto item = queues[i]->try_get()) {  // all that there is, so that none is left behind
                    print(*item);
                    queues[i]->task_done();
                }
            }
            if (watched.back().revents != 0) {
                char text[16];
                const ssize_t size = ::read(ends[0], text, sizeof text);
                if (size <= 0) return;  // the other end was closed
                std::cout << "From the socket: " << std::string(text, static_cast<std::size_t>(size)) << '\n';
            }
        }
    });

    const double before = processor_seconds();
    hk::this_thread::sleep_for(200ms);
    std::cout << "idle: " << (processor_seconds() - before < 0.05 ? "no processor time\n" : "it polls busily\n")
              << std::flush;
    q1.put(1);
    q2.put(10);
    q3.put(std::string("hello"));
    q2.put(15);
    for (hk::Queue<Item>* queue : queues) queue->join();  // everything is printed
    (void)!::write(ends[1], "bye", 3);
    ::close(ends[1]);
    consumer.join();
    ::close(ends[0]);

    // Nobody reads: a queue over a socket pair would block here after a few hundred items.
    hk::Queue<int> unread;
    pollfd watched{unread.fileno(), POLLIN, 0};
    for (int i = 0; i < many; ++i) unread.put(i);
    std::cout << unread.size() << " items put, readable: " << ::poll(&watched, 1, 0) << '\n';
    while (unread.try_get()) {
    }
    std::cout << "all taken, readable: " << ::poll(&watched, 1, 0) << '\n';
}
