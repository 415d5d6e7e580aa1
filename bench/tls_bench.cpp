// TLS: handshakes and throughput of our server beside nginx with the same certificate, on the same machine. The client
// is ours in both cases. The counter "server" is the processor time that the server took for one handshake or byte.
#include <pthread.h>

#include <fstream>

#include "../tests/nginx.hpp"
#include "figures.hpp"
#include "hocket/net.hpp"

namespace hocket::bench {
namespace {

constexpr std::size_t kFile = 64 * 1024 * 1024;
constexpr int kHandshakes = 500;
constexpr int kAtOnce = 20;
enum Who { ours, nginx };

Task<void> answer(const std::string& file, Stream stream) {
    const auto head = co_await stream.read_until("\r\n\r\n");
    if (!head) co_return;
    if (head->starts_with("GET /file")) {
        co_await stream.write("HTTP/1.1 200 OK\r\n\r\n");
        (void)co_await stream.sendfile(file);
    } else {
        co_await stream.write("HTTP/1.1 200 OK\r\n\r\nok");
    }
    co_await stream.write_eof();
}

Task<Server> start(std::string certificate, std::string key, const std::string& file) {
    ServerOptions options;
    options.tls = TlsContext::server(TlsServerOptions(std::move(certificate), std::move(key)));
    StreamHandler handler = [&file](Stream stream) { return answer(file, std::move(stream)); };
    co_return co_await start_server("127.0.0.1", 0, std::move(handler), options);
}

Task<clockid_t> clock_of_this_thread() {
    clockid_t clock{};
    pthread_getcpuclockid(pthread_self(), &clock);
    co_return clock;
}

class Servers {
public:
    Servers() : nginx_("location / { root FOLDER; } location = /ok { return 200 ok; }"), file_(nginx_.path("file")) {
        std::ofstream(file_) << std::string(kFile, 'x');
        server_ = thread_.submit(start(nginx_.path("cert.pem"), nginx_.path("key.pem"), file_)).result();
        clocks_[ours] = thread_.submit(clock_of_this_thread()).result();
        ports_[ours] = server_.port();
        const std::string url = nginx_.tls_url("");
        ports_[nginx] = static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
        std::string master, worker;
        std::ifstream(nginx_.path("pid")) >> master;
        std::ifstream("/proc/" + master + "/task/" + master + "/children") >> worker;
        clock_getcpuclockid(std::stoi(worker), &clocks_[nginx]);
    }
    ~Servers() { thread_.submit(server_.close()).result(); }
    std::uint16_t port(Who who) const { return ports_[who]; }
    double used(Who who) const { return processor_time(clocks_[who]); }

private:
    testing::Nginx nginx_;
    const std::string file_;
    LoopThread thread_;
    Server server_;
    std::uint16_t ports_[2] = {};
    clockid_t clocks_[2] = {};
};

Servers& servers() {
    static Servers all;
    return all;
}

TlsContext careless() {
    TlsClientOptions options;
    options.trust = TlsClientOptions::Trust::everybody;
    return TlsContext::client(options);
}

Task<std::size_t> get(std::uint16_t port, std::string target, TlsContext context, std::string host) {
    Stream stream = co_await open_connection(Address::ip("127.0.0.1", port), std::move(host), std::move(context));
    co_await stream.write("GET " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    (void)co_await stream.read_until("\r\n\r\n");
    const auto buffer = std::make_unique<char[]>(128 * 1024);
    std::size_t total = 0;
    for (;;) {
        const std::size_t size = co_await stream.read_into(std::span(buffer.get(), 128 * 1024));
        if (size == 0) co_return total;
        total += size;
    }
}

Task<std::size_t> shake_hands(Who who) {
    const TlsContext context = careless();
    std::size_t total = 0;
    for (int done = 0; done < kHandshakes; done += kAtOnce) {
        std::vector<Task<std::size_t>> visits;
        for (int i = 0; i < kAtOnce; ++i) {
            // Sessions are kept by host: none is taken up again.
            visits.push_back(get(servers().port(who), "/ok", context, "host" + std::to_string(done + i)));
        }
        const std::vector<std::size_t> sizes = co_await gather(std::move(visits));
        for (const std::size_t size : sizes) total += size;
    }
    co_return total;
}

void full_handshakes(benchmark::State& state) {
    const auto who = static_cast<Who>(state.range(0));
    const double before = servers().used(who);
    for (auto _ : state) expect(state, run(shake_hands(who)), 2 * kHandshakes);
    const auto all = static_cast<double>(state.iterations()) * kHandshakes;
    state.SetItemsProcessed(static_cast<std::int64_t>(all));
    state.counters["server"] = (servers().used(who) - before) / all;
}
BENCHMARK(full_handshakes)->ArgName("nginx")->Arg(ours)->Arg(nginx)->UseRealTime();

void throughput(benchmark::State& state) {
    const auto who = static_cast<Who>(state.range(0));
    const double before = servers().used(who);
    for (auto _ : state) expect(state, run(get(servers().port(who), "/file", careless(), "host")), kFile);
    const auto all = static_cast<double>(state.iterations()) * kFile;
    state.SetBytesProcessed(static_cast<std::int64_t>(all));
    state.counters["server"] = (servers().used(who) - before) / all;
}
BENCHMARK(throughput)->ArgName("nginx")->Arg(ours)->Arg(nginx)->UseRealTime();

}  // namespace
}  // namespace hocket::bench
