// Who may wait on a descriptor, and what happens when descriptors, loops and threads end before one another.
#include <fcntl.h>
#include <poll.h>

#include <memory>
#include <thread>

#include "aio/io_fixture.hpp"

namespace hocket::test {
namespace {

class IoLifetimeTest : public OnBothBackends {};
HOCKET_ON_BOTH_BACKENDS(IoLifetimeTest);

Task<std::error_code> error_of(Operation operation) {
    try {
        co_await operation;
    } catch (const std::system_error& error) {
        co_return error.code();
    }
    co_return std::error_code();
}

TEST_P(IoLifetimeTest, CloseEndsTheWaitsOfBothDirections) {
    run([]() -> Task<void> {
        auto [client, server] = co_await tcp_pair();
        fill(server);
        const int number = server.fd();
        char data[10];
        Future<std::error_code> reader = create_task(error_of(Operation(server, IoVerb::read, data, sizeof data)));
        Future<std::error_code> writer = create_task(error_of(write(server, "more than there is room for")));
        co_await sleep(1ms);
        server.close();
        const std::error_code read_error = co_await reader;
        const std::error_code write_error = co_await writer;
        EXPECT_EQ(read_error, std::errc::operation_canceled);
        EXPECT_EQ(write_error, std::errc::operation_canceled);
        EXPECT_LT(::fcntl(number, F_GETFD), 0) << "the descriptor is still open";
    });
}

TEST_P(IoLifetimeTest, CloseEndsAnAccept) {
    run([]() -> Task<void> {
        End listener = tcp_listener();
        Future<std::error_code> accepting = create_task(error_of(Operation(listener, IoVerb::accept)));
        co_await yield_now();
        listener.close();
        const std::error_code error = co_await accepting;
        EXPECT_EQ(error, std::errc::operation_canceled);
    });
}

TEST_P(IoLifetimeTest, RefusesAClosedDescriptor) {
    run([]() -> Task<void> {
        auto [client, server] = unix_pair();
        send_now(client, "data");
        Descriptor& descriptor = *server;
        descriptor.add_reference();
        server.close();
        char data[10];
        const Operation late = Operation(descriptor, IoVerb::read, data, sizeof data);
        const std::error_code error = co_await error_of(late);
        EXPECT_EQ(error, std::errc::bad_file_descriptor);
        descriptor.drop_reference();
    });
}

TEST_P(IoLifetimeTest, RefusesASecondWaiterInOneDirection) {
    run([]() -> Task<void> {
        auto pair = unix_pair();
        const auto& [client, server] = pair;
        fill(server);
        Future<std::string> reader = create_task(read(server));
        auto writing = [](const End& end) -> Task<void> { co_await write(end, "data"); };
        Future<void> writer = create_task(writing(server));  // the other direction
        co_await sleep(1ms);
        for (const Operation& second : {wait_readable(server), wait_writable(server)}) {
            try {
                co_await second;
                ADD_FAILURE() << "two waiters in one direction";
            } catch (const InvalidStateError& error) {
                EXPECT_STREQ(error.what(),
                             "hocket: test: another task waits for the same direction of this descriptor");
            }
        }
        EXPECT_FALSE(reader.done() || writer.done());
        send_now(client, "data");
        const std::string data = co_await reader;
        EXPECT_EQ(data, "data");
        co_await read(client, 10'000'000);
        co_await writer;
    });
}

TEST_P(IoLifetimeTest, RefusesASecondLoopWhileTheFirstLives) {
    auto [client, server] = unix_pair();
    const End& end = server;
    auto read_once = [&]() -> Task<std::string> { co_return co_await read(end); };
    {
        EventLoop first(options());
        client = [&] {
            auto wait = [&](End sender) -> Task<End> {
                Future<std::string> reader = create_task(read_once());
                co_await yield_now();
                send_now(sender, "first");
                const std::string data = co_await reader;
                EXPECT_EQ(data, "first");
                co_return sender;
            };
            return first.run_until_complete(wait(std::move(client)));
        }();
        send_now(client, "second");
        EXPECT_THROW(hocket::run(read_once(), options()), InvalidStateError);
    }
    EXPECT_EQ(hocket::run(timeout(10s, read_once()), options()), "second");
}

TEST_P(IoLifetimeTest, GoesOnWithOneLoopAfterAnother) {
    auto [client, server] = unix_pair();
    const End& sender = client;
    const End& receiver = server;
    for (int i = 0; i < 20; ++i) {
        run([&]() -> Task<void> {
            Future<std::string> reader = create_task(read(receiver));
            co_await yield_now();
            send_now(sender, "hello");
            const std::string data = co_await reader;
            EXPECT_EQ(data, "hello");
        });
    }
}

TEST_P(IoLifetimeTest, ADescriptorMayOutliveItsLoop) {
    auto pair = std::make_unique<std::pair<End, End>>(unix_pair());
    const End& end = pair->second;
    run([&]() -> Task<void> {
        try {
            co_await timeout(1ms, read(end));
        } catch (const TimeoutError&) {
        }
    });
    pair.reset();
}

// What is registered with epoll stays so as long as any duplicate is open.
TEST_P(IoLifetimeTest, ADuplicateMayOutliveADescriptor) {
    run([]() -> Task<void> {
        auto [client, server] = unix_pair();
        const End duplicate(checked(::dup(server.fd()), "dup"));
        send_now(client, "x");
        co_await read(server);
        Future<std::string> reader = create_task(read(duplicate));
        try {
            co_await timeout(1ms, read(server));
        } catch (const TimeoutError&) {
        }
        server.close();
        send_now(client, "for the duplicate");
        const std::string data = co_await reader;
        EXPECT_EQ(data, "for the duplicate");
    });
}

TEST_P(IoLifetimeTest, ALoopThatEndsCancelsItsOperations) {
    auto [client, server] = unix_pair();
    const End& end = server;
    bool cancelled = false;
    auto waiting = [&]() -> Task<void> {
        try {
            co_await read(end);
        } catch (const CancelledError&) {
            cancelled = true;
            throw;
        }
    };
    run([&]() -> Task<void> {
        create_task(waiting());
        co_await sleep(1ms);
    });
    EXPECT_TRUE(cancelled);
}

// A loop that is run by one thread after another, with operations under way in between.
TEST_P(IoLifetimeTest, OperationsGoOnInAnotherThread) {
    EventLoop loop(options());
    auto sockets = loop.run_until_complete(tcp_pair());
    auto& [client, server] = sockets;
    const End listener = tcp_listener();
    const sockaddr_in address = address_of(listener);
    fill(client);
    const std::string big(1'000'000, 'x');
    std::string received;
    auto writing = [&]() -> Task<void> { co_await write(client, big); };
    auto accepting = [&]() -> Task<void> { co_await accept(listener); };
    auto reading = [&]() -> Task<void> { received = co_await read(client); };
    auto start = [&]() -> Task<std::vector<Future<void>>> {
        std::vector<Future<void>> started;
        started.push_back(create_task(writing()));
        started.push_back(create_task(accepting()));
        started.push_back(create_task(reading()));
        co_await sleep(1ms);
        co_return started;
    };
    std::vector<Future<void>> started;
    std::thread([&] { started = loop.run_until_complete(start()); }).join();
    auto idle = []() -> Task<void> { co_await sleep(1ms); };
    for (int i = 0; i < 5; ++i) std::thread([&] { loop.run_until_complete(idle()); }).join();
    for (const Future<void>& operation : started) EXPECT_FALSE(operation.done());

    auto finish = [&]() -> Task<void> {
        const End other = tcp_socket();
        co_await connect(other, address);
        while (!started[0].done()) co_await read(server, 100'000);
        co_await write(server, "hello");
        for (const Future<void>& operation : started) co_await operation;
    };
    loop.run_until_complete(timeout(30s, finish()));
    EXPECT_EQ(received, "hello");
}

TEST_P(IoLifetimeTest, AConnectGoesOnInAnotherThread) {
    const End listener = tcp_listener(0);
    const sockaddr_in address = address_of(listener);
    std::vector<End> others;
    for (int i = 0; i < 2; ++i) {
        others.push_back(tcp_socket());
        ::connect(others.back().fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    }
    const End late = tcp_socket();
    EventLoop loop(options());
    auto connecting = [&]() -> Task<void> { co_await connect(late, address); };
    Future<void> connected;
    auto start = [&]() -> Task<void> {
        connected = create_task(connecting());
        co_await sleep(1ms);
    };
    std::thread([&] { loop.run_until_complete(start()); }).join();
    EXPECT_FALSE(connected.done());
    auto accept_all = [&]() -> Task<void> {
        for (;;) co_await accept(listener);
    };
    auto finish = [&]() -> Task<void> {
        Future<void> accepting = create_task(accept_all());
        co_await connected;  // when the kernel has knocked again, after a second
        accepting.cancel();
    };
    loop.run_until_complete(timeout(30s, finish()));
}

TEST_P(IoLifetimeTest, ALoopThatWasLeftWithOperationsUnderWayHearsOtherThreads) {
    EventLoop loop(options());
    auto sockets = unix_pair();
    Future<std::string> reader;
    auto start = [&]() -> Task<void> {
        reader = create_task(read(sockets.second));
        co_await sleep(1ms);
    };
    loop.run_until_complete(start());
    for (int i = 0; i < 20; ++i) {
        std::thread stopper([&] { loop.stop(); });
        loop.run_forever();
        stopper.join();
    }
    EXPECT_FALSE(reader.done());
    send_now(sockets.first, "hello");
    EXPECT_EQ(loop.run_until_complete(reader), "hello");
}

TEST_P(IoLifetimeTest, ALoopMayBeClosedByAnotherThreadThanItsRunner) {
    auto sockets = unix_pair();
    const End& end = sockets.second;
    bool cancelled = false;
    auto waiting = [&]() -> Task<void> {
        try {
            co_await read(end);
        } catch (const CancelledError&) {
            cancelled = true;
            throw;
        }
    };
    {
        EventLoop loop(options());
        std::thread runner([&] {
            loop.call_soon([&] { create_task(waiting()); });
            loop.run_forever();
        });
        loop.call_soon_threadsafe([] {});
        loop.stop();
        runner.join();
    }
    EXPECT_TRUE(cancelled);
}

}  // namespace
}  // namespace hocket::test
