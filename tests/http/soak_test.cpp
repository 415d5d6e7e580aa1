// Everything at once for a while: servers of all kinds in one loop, whose clients come, go, break off and are cancelled
// at random. Nothing may leak or grow. The seed is in the test's output; HOCKET_STRESS_SEED sets it, and
// HOCKET_STRESS_SECONDS how long it goes on.
#include <gmock/gmock.h>
#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "hocket/http.hpp"
#include "net/tls_fixture.hpp"
#include "report_capture.hpp"
#include "stress_time.hpp"

#if defined(__SANITIZE_ADDRESS__)
#define HOCKET_TEST_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HOCKET_TEST_ASAN 1
#endif
#endif
#ifdef HOCKET_TEST_ASAN
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();  // g++ has no header for it
#endif

namespace hocket::test {
namespace {

unsigned seed() {
    const char* const given = std::getenv("HOCKET_STRESS_SEED");
    return given ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : std::random_device()();
}

// What the program has allocated and not freed.
std::size_t allocated() {
#ifdef HOCKET_TEST_ASAN
    return ::__sanitizer_get_current_allocated_bytes();
#else
    const auto info = ::mallinfo2();
    return info.uordblks + info.hblkhd;
#endif
}

class Random {
public:
    explicit Random(unsigned seed) : engine_(seed) {}
    unsigned below(unsigned limit) { return std::uniform_int_distribution<unsigned>(0, limit - 1)(engine_); }
    bool one_in(unsigned n) { return below(n) == 0; }
    std::chrono::microseconds up_to(unsigned microseconds) { return std::chrono::microseconds(below(microseconds)); }
    std::string text(unsigned most) { return pattern(below(most) + 1); }

private:
    std::mt19937 engine_;
};

Task<void> echo_stream(Stream stream) { co_await echo_all(std::move(stream)); }

AsyncGenerator<http::ServerSentEvent> ticks() {
    for (;;) {
        co_await sleep(1ms);
        co_yield http::ServerSentEvent("tick");
    }
}

void add_routes(http::Server& server) {
    server.get("/hello",
               [](const http::Request&) -> Task<http::Response> { co_return http::Response::text(200, "hello"); });
    server.get("/large", [](const http::Request&) -> Task<http::Response> {
        co_return http::Response::text(200, std::string(500'000, 'l'));
    });
    server.get("/slow", [](const http::Request&) -> Task<http::Response> {
        co_await sleep(3ms);
        co_return http::Response::text(200, "at last");
    });
    server.get("/fails", [](const http::Request&) -> Task<http::Response> {
        co_await yield_now();
        throw std::runtime_error("as meant");
    });
    server.get("/events", [](const http::Request&) -> Task<http::Response> {
        http::EventStream events(ticks());
        co_return events.response();
    });
    server.post("/echo", [](const http::Request& request) -> Task<http::Response> {
        co_return http::Response::text(200, request.body());
    });
    server.post("/count", [](const http::Request&, http::BodyReader& body) -> Task<http::Response> {
        std::size_t size = 0;
        for (;;) {
            const std::string piece = co_await body.read();
            if (piece.empty()) break;
            size += piece.size();
        }
        co_return http::Response::text(200, std::to_string(size));
    });
}

http::ServerOptions http_options(bool encrypted) {
    http::ServerOptions options;
    options.max_connections = 12;
    options.close_grace = 5ms;
    options.idle_timeout = 200ms;
    if (encrypted) options.tls = TlsContext::server(Certificates::get().server());
    return options;
}

ServerOptions stream_options(bool encrypted) {
    ServerOptions options;
    options.max_connections = 12;
    if (encrypted) options.tls = TlsContext::server(Certificates::get().server());
    return options;
}

class Soak {
public:
    explicit Soak(unsigned seed)
        : random_(seed),
          client_context_(TlsContext::client(Certificates::get().client())),
          http_(http_options(false)),
          https_(http_options(true)),
          trusting_(http::Options().ca_file(Certificates::get().path("ca.pem"))) {
        add_routes(http_);
        add_routes(https_);
    }

    Task<void> start() {
        plain_ = co_await start_server("127.0.0.1", 0, echo_stream, stream_options(false));
        encrypted_ = co_await start_server("127.0.0.1", 0, echo_stream, stream_options(true));
        co_await http_.listen("127.0.0.1", 0);
        co_await https_.listen("127.0.0.1", 0);
    }

    Task<void> stop() {
        co_await plain_.close();
        co_await encrypted_.close();
        co_await http_.close();
        co_await https_.close();
        EXPECT_EQ(plain_.connections() + encrypted_.connections() + http_.connections() + https_.connections(), 0u);
    }

    // A crowd of clients, some of whom are cancelled, to the last one's end.
    Task<void> round() {
        http::Client client;
        client_ = &client;
        std::vector<Future<void>> running;
        for (int i = 0; i < 25; ++i) running.push_back(create_task(tolerant()));
        for (unsigned i = random_.below(40); i > 0; --i) co_await yield_now();
        for (Future<void>& one : running) {
            if (random_.one_in(6)) one.cancel("at random");
            if (random_.one_in(10)) co_await sleep(random_.up_to(500));
        }
        if (random_.one_in(5)) co_await restart();
        for (Future<void>& one : running) {
            try {
                co_await one;
            } catch (const CancelledError&) {
            }
        }
        client_ = nullptr;
    }

    int completed = 0;

private:
    Task<void> restart() {
        co_await http_.close();
        co_await http_.listen("127.0.0.1", 0);
    }

    // Failures of a client whose server or own impatience ends the connection are none.
    Task<void> tolerant() {
        try {
            const unsigned kind = random_.below(12);
            if (kind < 3) co_await talk_to_echo(kind == 0);
            if (kind >= 3 && kind < 6) co_await speak_bad_http();
            if (kind >= 6 && kind < 10) co_await use_client();
            if (kind == 10) co_await break_handshake();
            if (kind == 11) co_await do_something_else();
            ++completed;
        } catch (const std::system_error&) {
        } catch (const IncompleteReadError&) {
        } catch (const TimeoutError&) {
        } catch (const http::Error&) {
        }
    }

    Task<Stream> connect(bool encrypted) {
        if (!encrypted) co_return co_await open_connection(plain_.addresses().front());
        co_return co_await open_connection(encrypted_.addresses().front(), "localhost", client_context_);
    }

    Task<void> talk_to_echo(bool encrypted) {
        Stream stream = co_await connect(encrypted);
        if (random_.one_in(4)) co_return;
        const std::string message = random_.text(100'000);
        const bool whole = random_.one_in(2);
        Future<void> writing = create_task(stream.write(message));
        std::exception_ptr broken;
        try {
            const std::size_t wanted = whole ? message.size() : message.size() / 2;
            const std::string answer = co_await timeout(std::chrono::milliseconds(50), stream.read_exactly(wanted));
            EXPECT_TRUE(answer == message.substr(0, wanted));
        } catch (...) {
            broken = std::current_exception();
        }
        if (random_.one_in(3)) stream.abort();
        stream.close();
        writing.cancel();
        try {
            co_await writing;
        } catch (const std::system_error&) {
            // broken off
        }
        if (broken) std::rethrow_exception(broken);
    }

    // Whole requests, parts of them and nonsense, by hand; the end at any time.
    Task<void> speak_bad_http() {
        Stream stream = co_await open_connection(Address::ip("127.0.0.1", http_.port()));
        std::string bytes;
        for (unsigned i = random_.below(5); i > 0; --i) {
            bytes += random_.one_in(3)
                         ? "POST /count HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + pattern(1000)
                         : std::string("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
        }
        if (random_.one_in(4)) bytes += random_.text(300);
        bytes += "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
        bytes.resize(random_.below(static_cast<unsigned>(bytes.size())) + 1);
        co_await stream.write(bytes);
        if (random_.one_in(3)) co_await stream.write_eof();
        if (random_.one_in(2)) (void)co_await timeout(random_.up_to(3000), stream.read_all());
        if (random_.one_in(2)) stream.abort();
    }

    std::string url(const char* target) {
        const bool encrypted = random_.one_in(3);
        const std::uint16_t port = encrypted ? https_.port() : http_.port();
        return (encrypted ? "https://localhost:" : "http://127.0.0.1:") + std::to_string(port) + target;
    }

    Task<void> use_client() {
        http::Options options = trusting_;
        options.timeout(random_.one_in(3) ? std::chrono::microseconds(500 + random_.below(5000)) : 500ms);
        const unsigned what = random_.below(6);
        if (what == 0) {
            http::ResponseStream events = co_await client_->stream("GET", url("/events"), http::Body(), options);
            (void)co_await events.read();
            co_return;
        }
        if (what == 1) {
            const std::string sent = random_.text(50'000);
            const http::Response got = co_await client_->post(url("/echo"), sent, options);
            EXPECT_TRUE(got.status() != 200 || got.body() == sent);
            co_return;
        }
        const char* const targets[] = {"/hello", "/large", "/slow", "/fails"};
        (void)co_await client_->get(url(targets[what - 2]), options);
    }

    Task<void> break_handshake() {
        Stream stream = co_await open_connection(encrypted_.addresses().front());
        if (random_.one_in(2)) co_await stream.write(random_.text(400));
        if (random_.one_in(2)) co_await sleep(random_.up_to(1000));
        if (random_.one_in(2)) stream.abort();
    }

    Task<void> do_something_else() {
        switch (random_.below(4)) {
            case 0: {  // nobody listens there
                const DeafPort deaf;
                (void)co_await open_connection(deaf.address());
                break;
            }
            case 1:
                co_await timeout(random_.up_to(2000), to_thread([] { std::this_thread::sleep_for(1ms); }));
                break;
            case 2: {
                Subprocess process = co_await create_subprocess_exec("sleep", "10");
                if (random_.one_in(2)) co_await process.stop();
                break;
            }
            default:
                (void)co_await Socket::async_connect("localhost", plain_.port());
        }
    }

    Random random_;
    const TlsContext client_context_;
    Server plain_;
    Server encrypted_;
    http::Server http_;
    http::Server https_;
    const http::Options trusting_;
    http::Client* client_ = nullptr;
};

class SoakTest : public OnBothBackends {};
HOCKET_ON_BOTH_BACKENDS(SoakTest);

Task<void> soak(unsigned seed, ReportCapture& reports) {
    Soak everything(seed);
    co_await everything.start();
    co_await settle();
    const std::size_t tasks = EventLoop::current().all_tasks().size();
    const StressTime time(1s);
    constexpr std::size_t kRounds = 30;  // fewer say nothing of growth
    std::vector<std::size_t> levels;
    while (time.left() || levels.size() < kRounds) {
        co_await everything.round();
        levels.push_back(allocated());
    }
    EXPECT_GT(everything.completed, 0);
    std::size_t left = 0;
    for (int i = 0; i < 2000; ++i) {  // servers notice the ends of their clients
        left = EventLoop::current().all_tasks().size();
        if (left <= tasks) break;
        co_await sleep(1ms);
    }
    EXPECT_LE(left, tasks) << format_tasks();
    co_await everything.stop();
    for (std::size_t i = 0; i < reports.count(); ++i) EXPECT_EQ(reports.kind(i), ReportKind::lost_exception);
    // The least of the last third is not above the most of the second, but for what the collected reports take.
    const std::size_t third = levels.size() / 3;
    const auto middle = levels.begin() + static_cast<std::ptrdiff_t>(third);
    const auto last = middle + static_cast<std::ptrdiff_t>(third);
    const std::size_t most = *std::max_element(middle, last);
    const std::size_t least = *std::min_element(last, levels.end());
    EXPECT_LE(least, most + 4 * reports.text().size() + 64 * 1024);
    ::testing::Test::RecordProperty("rounds", static_cast<int>(levels.size()));
}

TEST_P(SoakTest, NothingLeaksOrGrows) {
    const unsigned chosen = seed();
    SCOPED_TRACE("HOCKET_STRESS_SEED=" + std::to_string(chosen));
    Certificates::get();
    const std::size_t before = open_descriptors();
    {
        ReportCapture reports;
        hocket::run(soak(chosen, reports), options());
    }
    EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
}  // namespace hocket::test
