// Rows B1-B6.
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <csignal>
#include <memory>
#include <span>

#include "example.hpp"
#include "hocket/net.hpp"

namespace hocket::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class Server : public ChildProcess {
public:
    explicit Server(const std::string& name, std::vector<std::string> arguments = {})
        : ChildProcess(command(name, std::move(arguments))) {
        EXPECT_TRUE(wait_for_output("\n", 20s));
        port_ = static_cast<std::uint16_t>(number_after(output, "listening on port "));
    }
    Socket connect() const { return Socket::connect("127.0.0.1", port_); }

private:
    static std::vector<std::string> command(const std::string& name, std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), std::string(HOCKET_EXAMPLES) + "/" + name);
        return arguments;
    }
    std::uint16_t port_ = 0;
};

std::string receive(const Socket& socket, std::size_t size) {
    std::string text;
    char buffer[4096];
    while (text.size() < size) {
        const auto received = socket.recv_for(std::span(buffer, std::min(sizeof buffer, size - text.size())), 20s);
        if (!received || *received == 0) break;
        text.append(buffer, *received);
    }
    return text;
}

std::string echoed(const Socket& socket, const std::string& text) {
    socket.send(text);
    return receive(socket, text.size());
}

TEST(EchoThreads, ServesAllAtTheSameTimeAndTellsThemWhenItGoes) {
    Server server("servers/echo_threads");
    std::vector<Socket> clients;
    for (int i = 0; i < 20; ++i) clients.push_back(server.connect());
    for (int i = 19; i >= 0; --i)  // nobody waits for another
        EXPECT_EQ(echoed(clients[static_cast<std::size_t>(i)], "hello"), "hello");
    clients.pop_back();
    EXPECT_TRUE(server.wait_for_output("a client has left\n", 20s));
    server.send_signal(SIGINT);
    for (const Socket& client : clients) EXPECT_EQ(receive(client, 1000), "Shutting down!\n");
    EXPECT_TRUE(server.wait_for(20s));
    EXPECT_EQ(server.status(), 0);
    EXPECT_THAT(server.output, HasSubstr("cancelled by thread 'MainThread': shutting down\n"));
    EXPECT_EQ(server.errors, "");
}

TEST(EchoThreads, EndsAlsoIfAClientDoesNotRead) {
    Server server("servers/echo_threads");
    const Socket deaf = server.connect();
    EXPECT_EQ(echoed(deaf, "hello"), "hello");
    const std::string much(1 << 16, 'x');
    // Until neither direction has room: the server is stuck in sending.
    pollfd room{deaf.fileno(), POLLOUT, 0};
    while (::poll(&room, 1, 100) > 0) (void)::send(deaf.fileno(), much.data(), much.size(), MSG_DONTWAIT);
    server.send_signal(SIGTERM);
    EXPECT_TRUE(server.wait_for(20s));
    EXPECT_EQ(server.status(), 0);
}

TEST(EchoPool, LetsTheNextWaitAndTurnsTheRestAway) {
    Server server("servers/echo_pool", {"2", "1"});
    auto first = std::make_unique<Socket>(server.connect());
    EXPECT_EQ(echoed(*first, "one"), "one");
    const Socket second = server.connect();
    EXPECT_EQ(echoed(second, "two"), "two");
    const Socket third = server.connect();
    third.send("three");
    const Socket fourth = server.connect();
    EXPECT_EQ(receive(fourth, 1000), "busy\n");
    char buffer[16];
    EXPECT_FALSE(third.recv_for(buffer, 1ms)) << "there are two workers, and both are busy";
    first.reset();
    EXPECT_EQ(receive(third, 5), "three");
    server.send_signal(SIGINT);
    EXPECT_TRUE(server.wait_for(20s));
    EXPECT_EQ(server.status(), 0);
}

TEST(EchoPool, ServesAnyNumberInSequence) {
    Server server("servers/echo_pool", {"2", "100"});
    for (int i = 0; i < 50; ++i) EXPECT_EQ(echoed(server.connect(), "hello"), "hello");
}

TEST(Servers, SayWhatIsWrongWithTheirArguments) {
    for (const char* name : {"echo_tasks", "echo_threads", "echo_pool"}) {
        const Example run(std::string("servers/") + name, {"-1"});
        EXPECT_EQ(run.code, 2) << name;
        EXPECT_THAT(run.errors, HasSubstr("and \"-1\" is not\nusage: " + std::string(name))) << name;
    }
}

}  // namespace
}  // namespace hocket::testing
