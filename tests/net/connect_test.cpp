// Connecting: to one address, and by name, where the addresses of a host race each other.
#include <gmock/gmock.h>

#include <optional>

#include "net/name_service.hpp"
#include "net/net_fixture.hpp"

namespace hocket::test {
namespace {

using ::testing::HasSubstr;

class ConnectTest : public OnBothBackends {};
HOCKET_ON_BOTH_BACKENDS(ConnectTest);

/// Stands still until it is moved by hand; the loop waits for sockets meanwhile.
class HandMovedClock final : public Clock {
public:
    TimePoint now() noexcept override { return now_; }
    Duration time_to_wait(TimePoint deadline) noexcept override {
        return deadline <= now_ ? Duration::zero() : Duration::max();
    }
    void advance(Duration duration) noexcept { now_ += duration; }

private:
    TimePoint now_{};
};

/// The same with time moved by hand, so that no head start ends by itself.
class ConnectRaceTest : public OnBothBackends {
protected:
    template <class Body>
    void run_by_hand(Body body) {
        LoopOptions by_hand = options();
        by_hand.clock = &clock_;
        hocket::run(body(clock_), by_hand);
    }
    HandMovedClock clock_;
};
HOCKET_ON_BOTH_BACKENDS(ConnectRaceTest);

/// Makes a T for this port of each host; tries other ports until one is free everywhere.
template <class First, class Second>
std::pair<std::unique_ptr<First>, std::unique_ptr<Second>> on_one_port(const std::string& first_host,
                                                                       const std::string& second_host) {
    for (int tries = 0;; ++tries) {
        auto first = std::make_unique<First>(first_host);
        try {
            auto second = std::make_unique<Second>(second_host, first->address().port());
            return {std::move(first), std::move(second)};
        } catch (const std::system_error&) {
            if (tries == 100) throw;
        }
    }
}

/// A listener that nobody has knocked at yet.
class FreeListener {
public:
    explicit FreeListener(const std::string& host, std::uint16_t port = 0) : listener_(Listener::bind(host, port)) {}
    Address address() const { return listener_.local_address(); }
    /// The host of the address at which the one connection that comes arrives.
    Task<Socket> accept() const { co_return co_await listener_.async_accept(); }

private:
    Listener listener_;
};

/// How many attempts to connect are under way.
std::size_t attempts() {
    const std::vector<TaskInfo> tasks = EventLoop::current().all_tasks();
    return static_cast<std::size_t>(
        std::count_if(tasks.begin(), tasks.end(), [](const TaskInfo& task) { return task.name == "connect"; }));
}
Task<void> wait_for_attempts(std::size_t count) {
    co_await poll_until([&] { return attempts() == count ? std::optional(count) : std::nullopt; });
}

TEST_P(ConnectTest, ConnectsToOneAddress) {
    run([]() -> Task<void> {
        const FreeListener listener("127.0.0.1");
        const Socket client = co_await Socket::async_connect(listener.address());
        const Socket server = co_await listener.accept();
        EXPECT_EQ(client.local_address().to_string(), server.peer_address().to_string());
    });
}

TEST_P(ConnectTest, SaysWhatItCannotConnectTo) {
    run([]() -> Task<void> {
        const DeafPort deaf;
        try {
            co_await Socket::async_connect(deaf.address());
            ADD_FAILURE() << "connected to nobody";
        } catch (const std::system_error& error) {
            EXPECT_EQ(error.code(), std::errc::connection_refused);
            EXPECT_EQ(error.what(), "connect to " + deaf.address().to_string() + ": Connection refused");
        }
        try {
            co_await Socket::async_connect("127.0.0.1", deaf.address().port());
            ADD_FAILURE() << "connected to nobody";
        } catch (const std::system_error& error) {
            EXPECT_EQ(error.what(), "connect to " + deaf.address().to_string() + ": Connection refused");
        }
        const std::error_code none = co_await error_of(Socket::async_connect(Address()));
        EXPECT_EQ(none, std::errc::address_family_not_supported);
        const std::error_code missing = co_await error_of(Socket::async_connect(Address::unix_path("/no/such/file")));
        EXPECT_EQ(missing, std::errc::no_such_file_or_directory);
    });
}

TEST_P(ConnectTest, ByNameOrNotAtAll) {
    NameService names{{"here.test", {"127.0.0.1"}}};
    run([]() -> Task<void> {
        const FreeListener listener("127.0.0.1");
        const std::uint16_t port = listener.address().port();
        for (const char* host : {"localhost", "here.test", "127.0.0.1"}) {
            const Socket client = co_await Socket::async_connect(host, port);
            EXPECT_EQ(client.peer_address().port(), port);
        }
        try {
            co_await Socket::async_connect("unknown.test", port);
            ADD_FAILURE() << "connected to nobody";
        } catch (const ResolveError& error) {
            EXPECT_THAT(error.what(), HasSubstr("unknown.test"));
        }
    });
}

TEST_P(ConnectRaceTest, AFailureGivesTheNextAddressItsTurnAtOnce) {
    NameService names{{"host.test", {"127.0.0.2", "127.0.0.3"}}};
    run_by_hand([](HandMovedClock&) -> Task<void> {
        auto [deaf, listener] = on_one_port<DeafPort, FreeListener>("127.0.0.2", "127.0.0.3");
        const Socket client = co_await Socket::async_connect("host.test", deaf->address().port());
        EXPECT_EQ(client.peer_address().to_string(), listener->address().to_string());
    });
}

TEST_P(ConnectRaceTest, OnlyOneFamilyListens) {
    if (!have_ipv6_loopback()) GTEST_SKIP() << "NOT TESTED: this machine has no ::1";
    NameService names{{"v6first.test", {"::1", "127.0.0.1"}}, {"v4first.test", {"127.0.0.1", "::1"}}};
    run_by_hand([](HandMovedClock&) -> Task<void> {
        for (const char* listens_on : {"::1", "127.0.0.1"}) {
            const FreeListener listener(listens_on);
            const std::uint16_t port = listener.address().port();
            for (const char* name : {"v6first.test", "v4first.test"}) {
                const Socket client = co_await Socket::async_connect(name, port);
                EXPECT_EQ(client.peer_address().host(), listens_on);
            }
        }
    });
}

TEST_P(ConnectRaceTest, FamiliesTakeTurns) {
    if (!have_ipv6_loopback()) GTEST_SKIP() << "NOT TESTED: this machine has no ::1";
    NameService names{{"host.test", {"127.0.0.2", "127.0.0.3", "::1"}}};
    run_by_hand([](HandMovedClock&) -> Task<void> {
        auto [deaf, other] = on_one_port<DeafPort, FreeListener>("127.0.0.2", "127.0.0.3");
        const std::uint16_t port = deaf->address().port();
        std::optional<FreeListener> ipv6;
        try {
            ipv6.emplace("::1", port);
        } catch (const std::system_error&) {
            std::cerr << "NOT TESTED: the port is taken\n";
            co_return;
        }
        const Socket client = co_await Socket::async_connect("host.test", port);
        EXPECT_EQ(client.peer_address().host(), "::1") << "it comes last in the list, but is of the other family";
    });
}

TEST_P(ConnectRaceTest, ASilentAddressHasAHeadStartOf250Milliseconds) {
    NameService names{{"host.test", {"127.0.0.2", "127.0.0.3"}}};
    run_by_hand([](HandMovedClock& clock) -> Task<void> {
        auto [silent, listener] = on_one_port<FullListener, FreeListener>("127.0.0.2", "127.0.0.3");
        const std::size_t before = open_descriptors();
        Future<Socket> connecting = create_task(Socket::async_connect("host.test", silent->address().port()));
        co_await wait_for_attempts(1);
        clock.advance(249ms);
        for (int i = 0; i < 100; ++i) co_await yield_now();
        EXPECT_EQ(attempts(), 1u) << "the second address was tried too early";
        clock.advance(1ms);
        const Socket client = co_await std::move(connecting);
        EXPECT_EQ(client.peer_address().host(), "127.0.0.3");
        EXPECT_EQ(open_descriptors(), before + 1) << "the attempt that has lost is still open";
    });
}

// The loser of the first head start may win after all: whoever answers first does, in whatever order they were tried.
TEST_P(ConnectRaceTest, AnEarlierAddressMayAnswerDuringALaterHeadStart) {
    NameService names{{"host.test", {"127.0.0.2", "127.0.0.3"}}};
    run_by_hand([](HandMovedClock& clock) -> Task<void> {
        auto [slow, silent] = on_one_port<FullListener, FullListener>("127.0.0.2", "127.0.0.3");
        Future<Socket> connecting = create_task(Socket::async_connect("host.test", slow->address().port()));
        co_await wait_for_attempts(1);
        clock.advance(250ms);
        co_await wait_for_attempts(2);
        const Socket filler = co_await slow->listener().async_accept();
        const Socket client = co_await std::move(connecting);  // when the system has knocked again, after a second
        EXPECT_EQ(client.peer_address().host(), "127.0.0.2");
    });
}

TEST_P(ConnectRaceTest, ALaterAddressMayAnswerWhenAllHeadStartsAreOver) {
    NameService names{{"host.test", {"127.0.0.2", "127.0.0.3"}}};
    run_by_hand([](HandMovedClock& clock) -> Task<void> {
        auto [silent, slow] = on_one_port<FullListener, FullListener>("127.0.0.2", "127.0.0.3");
        Future<Socket> connecting = create_task(Socket::async_connect("host.test", slow->address().port()));
        for (std::size_t i = 1; i <= 2; ++i) {
            co_await wait_for_attempts(i);
            clock.advance(250ms);
        }
        co_await settle();
        const Socket filler = co_await slow->listener().async_accept();
        const Socket client = co_await std::move(connecting);  // when the system has knocked again, after a second
        EXPECT_EQ(client.peer_address().host(), "127.0.0.3");
    });
}

TEST_P(ConnectRaceTest, TellsTheFirstFailureWhenAllFail) {
    NameService names{{"refused.test", {"127.0.0.2", "255.255.255.255"}},
                      {"unreachable.test", {"255.255.255.255", "127.0.0.2"}}};
    run_by_hand([](HandMovedClock&) -> Task<void> {
        const DeafPort deaf("127.0.0.2");
        const std::uint16_t port = deaf.address().port();
        try {
            co_await Socket::async_connect("refused.test", port);
            ADD_FAILURE() << "connected to nobody";
        } catch (const std::system_error& error) {
            EXPECT_EQ(error.code(), std::errc::connection_refused);
            EXPECT_EQ(error.what(), "connect to " + deaf.address().to_string() + ": Connection refused");
        }
        try {
            co_await Socket::async_connect("unreachable.test", port);
            ADD_FAILURE() << "connected to everybody";
        } catch (const std::system_error& error) {
            EXPECT_NE(error.code(), std::errc::connection_refused);
            EXPECT_THAT(error.what(), HasSubstr("connect to 255.255.255.255:" + std::to_string(port)));
        }
    });
}

TEST_P(ConnectRaceTest, CancellationEndsAllAttempts) {
    NameService names{{"host.test", {"127.0.0.2", "127.0.0.3"}}};
    run_by_hand([](HandMovedClock& clock) -> Task<void> {
        auto [first, second] = on_one_port<FullListener, FullListener>("127.0.0.2", "127.0.0.3");
        const std::size_t before = open_descriptors();
        for (const std::size_t under_way : {std::size_t{1}, std::size_t{2}}) {
            Future<Socket> connecting = create_task(Socket::async_connect("host.test", first->address().port()));
            co_await wait_for_attempts(1);
            if (under_way == 2) clock.advance(250ms);
            co_await wait_for_attempts(under_way);
            connecting.cancel();
            try {
                co_await std::move(connecting);
                ADD_FAILURE() << "connected";
            } catch (const CancelledError&) {
            }
            EXPECT_EQ(attempts(), 0u);
            EXPECT_EQ(open_descriptors(), before);
        }
    });
}

TEST_P(ConnectRaceTest, ATimeLimitCoversAllAttempts) {
    NameService names{{"host.test", {"127.0.0.2", "127.0.0.3"}}};
    run_by_hand([](HandMovedClock& clock) -> Task<void> {
        auto [first, second] = on_one_port<FullListener, FullListener>("127.0.0.2", "127.0.0.3");
        Future<Socket> connecting =
            create_task(timeout(1s, Socket::async_connect("host.test", first->address().port())));
        co_await wait_for_attempts(1);
        clock.advance(250ms);
        co_await wait_for_attempts(2);
        clock.advance(749ms);
        co_await settle();
        EXPECT_FALSE(connecting.done());
        clock.advance(1ms);
        bool timed_out = false;
        try {
            co_await std::move(connecting);
        } catch (const TimeoutError&) {
            timed_out = true;
        }
        EXPECT_TRUE(timed_out);
    });
}

}  // namespace
}  // namespace hocket::test
