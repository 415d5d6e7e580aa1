// The snippets of docs/streams.md.
#include <hocket/net.hpp>
#include <hocket/threading.hpp>

#include <csignal>
#include <filesystem>
#include <iostream>
#include <string>

namespace hk = hocket;
using namespace std::chrono_literals;

// [server]
hk::Task<void> echo_lines(hk::Stream client) {
    while (const auto line = co_await client.read_until("\n")) {  // nothing: the client has ended its side
        co_await client.write("GOT:" + *line);                    // waits while the client does not read
    }
}

hk::Task<void> serve(hk::Signals& ending) {
    hk::Server server = co_await hk::start_server("127.0.0.1", 0, echo_lines);
    std::cout << "listening on port " << server.port() << '\n';
    co_await ending.next();
    co_await server.close();  // no more clients, all handlers ended
}
// [server]

// [client]
hk::Task<std::string> ask(std::string host, std::uint16_t port, std::string question) {
    hk::Stream stream = co_await hk::open_connection(host, port);
    co_await stream.write(question + "\n");
    const auto answer = co_await stream.read_line();
    if (!answer) throw std::runtime_error("no answer");
    co_return *answer;
}
// [client]

// [frames]
hk::Task<std::string> read_frame(hk::Stream& stream) {
    const std::string head = co_await stream.read_exactly(2);
    const auto size = static_cast<unsigned char>(head[0]) * 256u + static_cast<unsigned char>(head[1]);
    co_return co_await stream.read_exactly(size);
}

hk::Task<void> write_frame(hk::Stream& stream, const std::string& content) {
    const std::string head{static_cast<char>(content.size() / 256), static_cast<char>(content.size() % 256)};
    const std::string_view parts[] = {head, content};
    co_await stream.write_vectored(parts);  // one system call, no copy
}
// [frames]

// [errors]
hk::Task<void> read_name(hk::Stream& stream) {
    try {
        const auto name = co_await stream.read_until(";", 100);
        if (name) std::cout << *name << '\n';
    } catch (const hk::LimitOverrunError& error) {
        std::cout << "more than 100 bytes, and no end\n";  // they are still there: error.buffered() of them
    } catch (const hk::IncompleteReadError& error) {
        std::cout << "broken off after " << error.partial() << '\n';
    } catch (const std::system_error& error) {
        std::cout << "connection lost: " << error.what() << '\n';
    }
}
// [errors]

// [options]
hk::Task<hk::Server> start_carefully(std::string folder) {
    hk::ServerOptions options;
    options.max_connections = 1000;  // the next ones wait to be accepted
    options.drain = 5s;              // on close(), how long handlers may go on before they are cancelled
    return hk::start_unix_server(folder + "/echo.sock", echo_lines, options);
}
// [options]

// [datagrams]
hk::Task<void> answer_one(hk::DatagramSocket& socket) {
    const hk::Datagram request = co_await socket.async_recv_from();
    co_await socket.async_send_to("GOT:" + request.data, request.from);
}
// [datagrams]

// [communicate]
hk::Task<std::string> upper_case(std::string text) {
    hk::SubprocessOptions options;
    options.in = options.out = hk::Redirect::pipe();
    options.err = hk::Redirect::null();
    hk::Subprocess process = co_await hk::create_subprocess_exec(options, "tr", "a-z", "A-Z");
    const hk::ProcessOutput output = co_await process.communicate(std::move(text));
    if (output.returncode != 0) throw std::runtime_error("tr failed");
    co_return output.out;
}
// [communicate]

// [limit]
hk::Task<void> run_for_a_second() {
    hk::Subprocess process = co_await hk::create_subprocess_exec("sleep", "1000");
    try {
        co_await hk::timeout(1s, process.wait());
    } catch (const hk::TimeoutError&) {
        std::cout << "it takes too long\n";
    }
    const int code = co_await process.stop(2s);  // SIGTERM, and SIGKILL if it has not ended two seconds later
    std::cout << "ended with " << code << '\n';
}
// [limit]

// [pipe]
hk::Task<std::string> through_a_pipe() {
    auto [reader, writer] = hk::open_pipe();
    co_await writer.write("bytes");
    co_await writer.write_eof();
    co_return co_await reader.read_all();
}
// [pipe]

// [threads]
std::string ask_from_a_thread(std::uint16_t port) {
    hk::Socket socket = hk::Socket::connect("127.0.0.1", port);
    socket.send_all("hello\n");
    return socket.recv_exactly(10);
}
// [threads]

hk::Task<void> frames() {
    auto [reader, writer] = hk::open_pipe();
    co_await write_frame(writer, "content");
    const std::string content = co_await read_frame(reader);
    if (content != "content") throw std::runtime_error("frames");
    co_await writer.write("half");
    writer.close();
    co_await read_name(reader);
}

hk::Task<void> datagrams() {
    hk::DatagramSocket server = hk::DatagramSocket::bind("127.0.0.1", 0);
    hk::DatagramSocket client = hk::DatagramSocket::connect(server.local_address());
    co_await client.async_send("hello");
    co_await answer_one(server);
    const std::string answer = co_await client.async_recv();
    if (answer != "GOT:hello") throw std::runtime_error("datagrams");
}

hk::Task<void> servers() {
    const std::string folder =
        std::filesystem::temp_directory_path() / ("hocket-streams-" + std::to_string(::getpid()));
    std::filesystem::create_directory(folder);
    hk::Server local = co_await start_carefully(folder);
    hk::Stream stream = co_await hk::open_unix_connection(folder + "/echo.sock");
    co_await stream.write("hello\n");
    const auto answer = co_await stream.read_line();
    if (answer != "GOT:hello") throw std::runtime_error("Unix server");
    stream.close();
    co_await local.close();
    std::filesystem::remove_all(folder);

    hk::Server tcp = co_await hk::start_server("127.0.0.1", 0, echo_lines);
    const std::string one = co_await ask("localhost", tcp.port(), "one");
    if (one != "GOT:one") throw std::runtime_error("TCP server");
    const std::string two = co_await hk::to_thread(ask_from_a_thread, tcp.port());
    if (two != "GOT:hello\n") throw std::runtime_error("TCP server");
    co_await tcp.close();
}

hk::Task<void> all() {
    co_await servers();
    co_await frames();
    co_await datagrams();
    const std::string text = co_await upper_case("text");
    const std::string piped = co_await through_a_pipe();
    if (text != "TEXT" || piped != "bytes") throw std::runtime_error("processes");
    co_await run_for_a_second();
    hk::Signals ending = hk::signals({SIGTERM});
    ::raise(SIGTERM);
    co_await serve(ending);
}

int main() { hk::run(all()); }
