// Reads that give less than asked for although more is there: none of them may make the next read wait for ever.
#include <netinet/udp.h>

#include <cstring>

#include "aio/io_fixture.hpp"

namespace hocket::test {
namespace {

class IoReadinessTest : public OnBothBackends {};
HOCKET_ON_BOTH_BACKENDS(IoReadinessTest);

// After this the back end has seen events for `receiver`, and a read that found nothing.
Task<void> warm_up(const End& sender, const End& receiver) {
    for (int i = 0; i < 2; ++i) {
        Future<std::string> reader = create_task(read(receiver));
        co_await sleep(1ms);
        send_now(sender, "hello");
        const std::string greeting = co_await reader;
        EXPECT_EQ(greeting, "hello");
    }
}

TEST_P(IoReadinessTest, APeekTakesNothing) {
    run([]() -> Task<void> {
        auto pair = co_await tcp_pair();
        const auto& [client, server] = pair;
        co_await warm_up(client, server);
        send_now(client, "data");
        for (int i = 0; i < 3; ++i) {
            const std::string peeked = co_await read(server, 100, MSG_PEEK);
            EXPECT_EQ(peeked, "data");
        }
        const std::string data = co_await read(server);
        EXPECT_EQ(data, "data");
    });
}

TEST_P(IoReadinessTest, DiscardsWithoutABuffer) {
    run([]() -> Task<void> {
        auto pair = co_await tcp_pair();
        const auto& [client, server] = pair;
        co_await warm_up(client, server);
        send_now(client, std::string(10'000, 'x'));
        std::int64_t discarded = 0;
        while (discarded < 10'000) discarded += co_await Operation(server, IoVerb::read, nullptr, 1'000'000, MSG_TRUNC);
        EXPECT_EQ(discarded, 10'000);
        send_now(client, "data");
        const std::string data = co_await read(server);
        EXPECT_EQ(data, "data");
    });
}

TEST_P(IoReadinessTest, DatagramsComeOneByOne) {
    run([]() -> Task<void> {
        for (const int type : {SOCK_DGRAM, SOCK_SEQPACKET}) {
            auto pair = unix_pair(type);
            const auto& [client, server] = pair;
            co_await warm_up(client, server);
            for (const char* text : {"one", "two", "three"}) send_now(client, text);
            for (const char* text : {"one", "two", "three"}) {
                const std::string data = co_await read(server);
                EXPECT_EQ(data, text);
            }
        }
    });
}

TEST_P(IoReadinessTest, UdpDatagramsComeOneByOne) {
    run([]() -> Task<void> {
        const End server(checked(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), "socket"));
        const End client(checked(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), "socket"));
        sockaddr_in any{};
        any.sin_family = AF_INET;
        any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        checked(::bind(server.fd(), reinterpret_cast<sockaddr*>(&any), sizeof any), "bind");
        const sockaddr_in address = address_of(server);
        checked(::connect(client.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address), "connect");
        co_await warm_up(client, server);
        for (const char* text : {"one", "", "three"}) send_now(client, text);
        for (const char* text : {"one", "", "three"}) {
            const std::string data = co_await read(server);
            EXPECT_EQ(data, text);
        }
    });
}

TEST_P(IoReadinessTest, AReadStopsBeforeUrgentData) {
    run([]() -> Task<void> {
        auto pair = co_await tcp_pair();
        const auto& [client, server] = pair;
        co_await warm_up(client, server);
        for (int i = 0; i < 3; ++i) {
            send_now(client, "before");
            send_now(client, "!", MSG_OOB);
            send_now(client, "after");
            std::string data;
            while (data.size() < 11) data += co_await read(server);
            EXPECT_EQ(data, "beforeafter");
        }
    });
}

TEST_P(IoReadinessTest, AReadStopsWhereDescriptorsWereSentAlong) {
    run([]() -> Task<void> {
        auto pair = unix_pair();
        const auto& [client, server] = pair;
        co_await warm_up(client, server);
        char text[] = "with a descriptor";
        iovec part{text, sizeof text - 1};
        alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        const int passed = client.fd();
        std::memcpy(CMSG_DATA(header), &passed, sizeof passed);
        checked(::sendmsg(client.fd(), &message, 0), "sendmsg");
        send_now(client, "and more");
        const std::string first = co_await read(server);
        EXPECT_EQ(first, "with a descriptor");
        const std::string second = co_await read(server);
        EXPECT_EQ(second, "and more");
    });
}

TEST_P(IoReadinessTest, TheEndIsFoundAfterAShortRead) {
    run([]() -> Task<void> {
        for (const bool close_first : {true, false}) {
            auto [client, server] = co_await tcp_pair();
            co_await warm_up(client, server);
            send_now(client, "last");
            if (close_first) client.close();
            const std::string last = co_await read(server);
            EXPECT_EQ(last, "last");
            if (!close_first) client.close();
            for (int i = 0; i < 2; ++i) {
                const std::string end = co_await read(server);
                EXPECT_EQ(end, "");
            }
        }
    });
}

// Several connections, one event: the accept after the first must find the others.
TEST_P(IoReadinessTest, AllConnectionsOfOneEventAreAccepted) {
    run([]() -> Task<void> {
        const End listener = tcp_listener();
        const sockaddr_in address = address_of(listener);
        Future<End> waiting = create_task(accept(listener));
        co_await sleep(1ms);
        std::vector<End> clients;
        for (int i = 0; i < 20; ++i) {
            clients.push_back(tcp_socket());
            ::connect(clients.back().fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
        }
        co_await waiting;
        for (int i = 1; i < 20; ++i) co_await accept(listener);
    });
}

// A socket that always has data, a task that never lets go of the loop by itself: others still have their turns.
TEST_P(IoReadinessTest, AnAlwaysReadySocketStarvesNoTimer) {
    run([]() -> Task<void> {
        auto pair = unix_pair();
        const auto& [client, server] = pair;
        send_now(client, "x");
        bool rung = false;
        EventLoop::current().call_later(2ms, [&] { rung = true; });
        char data = 0;
        constexpr int kMany = 5'000'000;
        int reads = 0;
        for (; !rung && reads < kMany; ++reads) co_await Operation(server, IoVerb::read, &data, 1, MSG_PEEK);
        EXPECT_TRUE(rung) << "the timer did not fire during " << reads << " reads";
    });
}

TEST_P(IoReadinessTest, ACrowdOfYieldingTasksStarvesNoSocket) {
    run([]() -> Task<void> {
        auto pair = unix_pair();
        const auto& [client, server] = pair;
        bool done = false;
        auto yielding = [](bool& stop, long& turns) -> Task<void> {
            for (; !stop && turns < 20'000'000; ++turns) co_await yield_now();
        };
        long turns = 0;
        std::vector<Future<void>> crowd;
        for (int i = 0; i < 500; ++i) crowd.push_back(create_task(yielding(done, turns)));
        for (int i = 0; i < 50; ++i) {
            Future<std::string> reader = create_task(read(server));
            for (int yields = 0; yields < 3; ++yields) co_await yield_now();  // until it waits in the kernel
            send_now(client, "x");
            co_await reader;
        }
        done = true;
        for (const Future<void>& task : crowd) co_await task;
        EXPECT_LT(turns, 20'000'000);
    });
}

}  // namespace
}  // namespace hocket::test
