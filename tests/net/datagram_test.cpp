#include "hocket/net/datagram.hpp"
#include "held_port.hpp"

#include <gmock/gmock.h>

#include "hocket/threading.hpp"
#include "net/stream_fixture.hpp"

namespace hocket::test {
namespace {

class DatagramTest : public OnBothBackends {};
HOCKET_ON_BOTH_BACKENDS(DatagramTest);

TEST_P(DatagramTest, ArriveWholeAndWithTheirSender) {
    run([]() -> Task<void> {
        DatagramSocket server = DatagramSocket::bind("127.0.0.1", 0);
        DatagramSocket client = DatagramSocket::bind("localhost", 0);
        Future<Datagram> receiving = create_task(server.async_recv_from());
        co_await settle();
        EXPECT_FALSE(receiving.done());
        co_await client.async_send_to("one", server.local_address());
        co_await client.async_send_to("", server.local_address());
        co_await client.async_send_to(std::string(60'000, 'x'), server.local_address());
        const Datagram one = co_await receiving;
        EXPECT_EQ(one.data, "one");
        EXPECT_EQ(one.from.to_string(), client.local_address().to_string());
        const std::string empty = co_await server.async_recv();
        EXPECT_EQ(empty, "");
        const std::string long_one = co_await server.async_recv();
        EXPECT_EQ(long_one.size(), 60'000u);
        co_await server.async_send_to("answer", one.from);
        const std::string answer = co_await client.async_recv();
        EXPECT_EQ(answer, "answer");
    });
}

TEST_P(DatagramTest, AConnectedOneHearsItsPeerAlone) {
    run([]() -> Task<void> {
        DatagramSocket server = DatagramSocket::bind("127.0.0.1", 0);
        DatagramSocket client = DatagramSocket::connect(server.local_address());
        DatagramSocket stranger = DatagramSocket::bind("127.0.0.1", 0);
        co_await client.async_send("question");
        const Datagram question = co_await server.async_recv_from();
        co_await stranger.async_send_to("noise", question.from);
        co_await server.async_send_to("answer", question.from);
        const std::string answer = co_await client.async_recv();
        EXPECT_EQ(answer, "answer");
    });
}

TEST_P(DatagramTest, NobodyThereIsAnErrorForAConnectedOne) {
    run([]() -> Task<void> {
        const testing::HeldPort nobody(SOCK_DGRAM);
        DatagramSocket client = DatagramSocket::connect(Address::ip("127.0.0.1", nobody.port()));
        Future<std::error_code> receiving = create_task(error_of(client.async_recv()));
        co_await settle();
        co_await client.async_send("anybody?");
        const std::error_code error = co_await receiving;
        EXPECT_EQ(error, std::errc::connection_refused);
    });
}

// Abstract: not in the file system. Other tests run at the same time.
std::string name_of_this_process() {
    return std::string(1, '\0') + "hocket-datagram-test-" + std::to_string(::getpid());
}

TEST_P(DatagramTest, WorkOverUnixSockets) {
    run([]() -> Task<void> {
        const Address name = Address::unix_path(name_of_this_process());
        DatagramSocket server = DatagramSocket::bind(name);
        DatagramSocket client = DatagramSocket::connect(name);
        const std::error_code too_long = co_await error_of(client.async_send(std::string(100'000'000, 'x')));
        EXPECT_EQ(too_long, std::errc::message_size);
        // As many as there is room for, until the sender waits.
        int sent = 0;
        auto sending = [&]() -> Task<void> {
            for (int i = 0; i < 2000; ++i) {
                co_await client.async_send(std::to_string(i));
                ++sent;
            }
        };
        Future<void> sender = create_task(sending());
        for (int i = 0; i < 100; ++i) co_await yield_now();
        EXPECT_FALSE(sender.done());
        for (int i = 0; i < 2000; ++i) {
            const std::string data = co_await server.async_recv();
            EXPECT_EQ(data, std::to_string(i));
        }
        co_await sender;
    });
}

TEST_P(DatagramTest, CancelledReceivesTakeNothing) {
    run([]() -> Task<void> {
        DatagramSocket server = DatagramSocket::bind("127.0.0.1", 0);
        Future<std::string> receiving = create_task(server.async_recv());
        co_await settle();
        receiving.cancel();
        (void)co_await thrown_by<CancelledError>(std::move(receiving));
        DatagramSocket client = DatagramSocket::connect(server.local_address());
        co_await client.async_send("kept");
        const std::string data = co_await server.async_recv();
        EXPECT_EQ(data, "kept");
    });
}

TEST_P(DatagramTest, ClosingEndsAReceive) {
    run([]() -> Task<void> {
        DatagramSocket server = DatagramSocket::bind("127.0.0.1", 0);
        Future<std::error_code> receiving = create_task(error_of(server.async_recv()));
        co_await settle();
        server = DatagramSocket();
        const std::error_code error = co_await receiving;
        EXPECT_EQ(error, std::errc::operation_canceled);
        EXPECT_FALSE(server.is_open());
        EXPECT_THROW((void)server.async_recv(), std::system_error);
        EXPECT_THROW((void)server.recv(), std::system_error);
    });
}

TEST_P(DatagramTest, AFloodLetsOthersHaveTheirTurn) {
    run([]() -> Task<void> {
        DatagramSocket server = DatagramSocket::bind("127.0.0.1", 0);
        DatagramSocket client = DatagramSocket::connect(server.local_address());
        bool over = false;
        auto flooding = [&]() -> Task<void> {
            while (!over) co_await client.async_send("x");
        };
        Future<void> flood = create_task(flooding());
        for (int i = 0; i < 10; ++i) co_await yield_now();
        over = true;
        co_await flood;
    });
}

TEST(BlockingDatagram, ServesThreads) {
    DatagramSocket server = DatagramSocket::bind("127.0.0.1", 0);
    Thread thread([&] {
        for (;;) {
            const Datagram request = server.recv_from();
            server.send_to("GOT:" + request.data, request.from);
        }
    });
    DatagramSocket client = DatagramSocket::connect(server.local_address());
    client.send("hello");
    EXPECT_EQ(client.recv(), "GOT:hello");
    EXPECT_FALSE(client.recv_from_for(1ms));
    thread.cancel();
    EXPECT_THROW(thread.join(), CancelledError);
}

TEST(BlockingDatagram, SaysWhatItCannotBindTo) {
    try {
        DatagramSocket::bind("192.0.2.1", 7);
        ADD_FAILURE() << "bound to an address of others";
    } catch (const std::system_error& error) {
        EXPECT_THAT(error.what(), ::testing::HasSubstr("receive datagrams on 192.0.2.1:7"));
    }
}

}  // namespace
}  // namespace hocket::test
