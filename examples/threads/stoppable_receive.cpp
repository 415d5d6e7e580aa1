// A thread that waits for data, and can be told to stop meanwhile: at once, without a time limit to poll by. All
// blocking calls of the library end when their thread is cancelled, those on sockets too.
#include <hocket/net.hpp>
#include <hocket/sync.hpp>
#include <hocket/threading.hpp>

#include <chrono>
#include <iostream>
#include <mutex>
#include <string>
#include <utility>

namespace hk = hocket;
using namespace std::chrono_literals;

class Receiver {
public:
    explicit Receiver(hk::Socket socket)
        : socket_(std::move(socket)), thread_({.name = "receiver"}, &Receiver::run, this) {}
    void stop() { thread_.cancel("nothing more is wanted"); }
    // Whether it was stopped, and not ended by its peer.
    bool join() {
        try {
            thread_.join();
            return false;
        } catch (const hk::CancelledError&) {
            return true;
        }
    }
    // Blocks until at least `size` bytes have come.
    void wait_for(std::size_t size) {
        std::unique_lock guard(came_);
        came_.wait(guard, [&] { return received_.size() >= size; });
    }
    std::string received() {
        std::scoped_lock guard(came_);
        return received_;
    }

private:
    void run() {
        for (;;) {
            const std::string data = socket_.recv(8192);
            if (data.empty()) return;  // the peer has closed
            std::scoped_lock guard(came_);
            received_ += data;
            came_.notify_all();
        }
    }
    const hk::Socket socket_;
    hk::Condition came_;
    std::string received_;
    hk::Thread thread_;  // last: it uses the others
};

int main() {
    const hk::Listener listener = hk::Listener::bind("127.0.0.1", 0);
    const auto connect = [&] {
        hk::Socket client = hk::Socket::connect("127.0.0.1", listener.port());
        return std::pair(std::move(client), listener.accept());
    };

    auto [ours, theirs] = connect();
    Receiver receiver(std::move(ours));
    std::size_t sent = 0;
    for (const std::string data : {"one ", "two ", "three"}) {  // it goes on after the first
        theirs.send_all(data);
        receiver.wait_for(sent += data.size());
    }
    std::cout << "received: " << receiver.received() << '\n';

    const auto start = std::chrono::steady_clock::now();
    receiver.stop();
    const bool stopped = receiver.join();
    if (stopped)
        std::cout << "stopped " << (std::chrono::steady_clock::now() - start < 1s ? "at once" : "late") << '\n';

    auto [again, peer] = connect();
    Receiver until_closed(std::move(again));
    peer.close();
    if (!until_closed.join()) std::cout << "ended with the connection\n";
}
