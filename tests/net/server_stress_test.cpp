// Servers under clients that come, go, break off and are cancelled at random; other programs as peers.
#include <gmock/gmock.h>

#include <algorithm>
#include <random>

#include "hocket/net/connection.hpp"
#include "hocket/net/server.hpp"
#include "hocket/net/subprocess.hpp"
#include "net/stream_fixture.hpp"
#include "report_capture.hpp"
#include "sanitizers.hpp"
#include "stress_time.hpp"

namespace hocket::test {
namespace {

class ServerStress : public OnBothBackends {};
HOCKET_ON_BOTH_BACKENDS(ServerStress);

Task<void> echo_all(Stream stream) {
    for (;;) {
        const std::string data = co_await stream.read(10'000);
        if (data.empty()) co_return;
        co_await stream.write(data);
    }
}

class Clients {
public:
    Clients(Address address, unsigned seed) : address_(address), random_(seed) {}

    /// One client that does something, right or wrong.
    Task<void> one() {
        const unsigned behaviour = draw(6);
        Stream stream = co_await open_connection(address_);
        const std::string message = pattern(draw(200'000) + 1);
        if (behaviour == 0) co_return;  // says nothing
        if (behaviour == 1) {           // does not read
            co_await stream.write(message.substr(0, 1000));
            stream.abort();
            co_return;
        }
        Future<void> writing = create_task(stream.write(message));
        std::exception_ptr broken;
        try {
            if (behaviour == 2) (void)co_await timeout(std::chrono::microseconds(draw(2000)), stream.read_all());
            const std::size_t wanted = behaviour == 3 ? message.size() / 2 : message.size();
            const std::string answer = co_await stream.read_exactly(wanted);
            EXPECT_TRUE(answer == message.substr(0, wanted));
            ++answered;
        } catch (...) {
            broken = std::current_exception();
        }
        if (behaviour == 4) stream.abort();
        stream.close();
        writing.cancel();
        try {
            co_await writing;
        } catch (const std::system_error&) {
            // broken off
        }
        if (broken) std::rethrow_exception(broken);
    }

    /// The same, whose expected failures are none, and which may be cancelled at any time.
    Task<void> tolerant() {
        try {
            co_await one();
        } catch (const std::system_error&) {
        } catch (const IncompleteReadError&) {
        } catch (const TimeoutError&) {
        }
    }
    unsigned draw(unsigned below) { return std::uniform_int_distribution<unsigned>(0, below - 1)(random_); }
    int answered = 0;

private:
    Address address_;
    std::mt19937 random_;
};

Task<void> storm(Clients& clients) {
    const StressTime time;
    while (time.left()) {
        std::vector<Future<void>> running;
        for (int i = 0; i < 20; ++i) running.push_back(create_task(clients.tolerant()));
        for (unsigned i = clients.draw(50); i > 0; --i) co_await yield_now();
        for (Future<void>& client : running) {
            if (clients.draw(10) == 0) client.cancel();
        }
        for (Future<void>& client : running) {
            try {
                co_await client;
            } catch (const CancelledError&) {
            }
        }
    }
}

TEST_P(ServerStress, SurvivesClientsOfAllKinds) {
    const unsigned seed = std::random_device()();
    SCOPED_TRACE("seed " + std::to_string(seed));
    ReportCapture reports;  // handlers whose client broke off
    const std::size_t before = open_descriptors();
    hocket::run(
        [](unsigned seed) -> Task<void> {
            ServerOptions options;
            options.max_connections = 10;
            Server server = co_await start_server("127.0.0.1", 0, echo_all, options);
            Clients clients(server.addresses().front(), seed);
            co_await storm(clients);
            EXPECT_GT(clients.answered, 0);
            Stream deaf = co_await open_connection(server.addresses().front());
            fill(deaf);  // its handler waits in a write, or will
            co_await server.close();
            EXPECT_EQ(server.connections(), 0u);
        }(seed),
        options());
    EXPECT_EQ(open_descriptors(), before);
    for (std::size_t i = 0; i < reports.count(); ++i) EXPECT_EQ(reports.kind(i), ReportKind::lost_exception);
}

// Connections that this process may have both ends of, at most `wanted`; it may open more files meanwhile.
class ManyDescriptors {
public:
    explicit ManyDescriptors(std::size_t wanted) {
        checked(::getrlimit(RLIMIT_NOFILE, &before_), "getrlimit");
        rlimit raised{2 * wanted + kOthers, 2 * wanted + kOthers};
        raised.rlim_max = std::max(raised.rlim_max, before_.rlim_max);
        if (::setrlimit(RLIMIT_NOFILE, &raised) != 0) {  // only root may have more
            raised = rlimit{before_.rlim_max, before_.rlim_max};
            checked(::setrlimit(RLIMIT_NOFILE, &raised), "setrlimit");
        }
        connections_ = std::min<std::size_t>(wanted, (raised.rlim_cur - kOthers) / 2);
    }
    ManyDescriptors(const ManyDescriptors&) = delete;
    ManyDescriptors& operator=(const ManyDescriptors&) = delete;
    ~ManyDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
    std::size_t connections() const { return connections_; }

private:
    static constexpr rlim_t kOthers = 200;
    rlimit before_{};
    std::size_t connections_ = 0;
};

constexpr std::size_t kIdle = testing::kThreadSanitizer ? 1'000 : 10'000;

TEST_P(ServerStress, HoldsTenThousandIdleConnections) {
    const ManyDescriptors descriptors(kIdle);
    const auto count = descriptors.connections();
    EXPECT_GT(count, 400u);
    run([count]() -> Task<void> {
        Server server = co_await start_server("127.0.0.1", 0, echo_all);
        std::vector<Stream> clients;
        while (clients.size() < count) clients.push_back(co_await open_connection(server.addresses().front()));
        for (Stream& client : clients) co_await client.write("x");
        for (Stream& client : clients) {
            const std::string answer = co_await client.read();
            EXPECT_EQ(answer, "x");
        }
        EXPECT_EQ(server.connections(), count);
        Stream another = co_await open_connection(server.addresses().front());  // is served in spite of them
        co_await another.write("hello");
        const std::string answer = co_await another.read_exactly(5);
        EXPECT_EQ(answer, "hello");
        co_await server.close();
        for (Stream& client : clients) {
            const std::string end = co_await client.read();
            EXPECT_EQ(end, "");
        }
    });
}

Task<ProcessOutput> python(const char* script, std::string argument) {
    SubprocessOptions options;
    options.in = options.out = options.err = Redirect::pipe();
    Subprocess process = co_await create_subprocess_exec(options, "python3", "-c", script, std::move(argument));
    co_return co_await process.communicate();
}

TEST_P(ServerStress, PythonsStreamsAreGoodPeers) {
    run([]() -> Task<void> {
        Server server = co_await start_server("127.0.0.1", 0, echo_all);
        const char* const client = R"(
import asyncio, sys
async def main():
    reader, writer = await asyncio.open_connection('127.0.0.1', int(sys.argv[1]))
    message = b'abcdefghij' * 100000
    async def send():
        writer.write(message)
        await writer.drain()
        writer.write_eof()
    sending = asyncio.create_task(send())
    answer = await reader.read(-1)
    await sending
    print(answer == message)
asyncio.run(main())
)";
        const ProcessOutput asked = co_await python(client, std::to_string(server.port()));
        EXPECT_EQ(asked.out, "True\n") << asked.err;
        co_await server.close();
    });
}

TEST_P(ServerStress, PythonsServersAreGoodPeers) {
    run([]() -> Task<void> {
        const char* const script = R"(
import asyncio
async def handle(reader, writer):
    line = await reader.readline()
    writer.write(b'GOT:' + line)
    await writer.drain()
    writer.close()
async def main():
    server = await asyncio.start_server(handle, '127.0.0.1', 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
)";
        SubprocessOptions options;
        options.out = Redirect::pipe();
        Subprocess process = co_await create_subprocess_exec(options, "python3", "-c", script);
        const auto port = co_await process.out().read_line();
        if (!port) {
            ADD_FAILURE() << "the Python server does not start";
            co_return;
        }
        Stream stream = co_await open_connection("127.0.0.1", static_cast<std::uint16_t>(std::stoul(*port)));
        co_await stream.write("hello\n");
        const std::string answer = co_await stream.read_all();
        EXPECT_EQ(answer, "GOT:hello\n");
        co_await process.stop();
    });
}

}  // namespace
}  // namespace hocket::test
