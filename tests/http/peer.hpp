// A client that sends what it is told, byte by byte, and understands responses no more than it must.
#pragma once
#include <charconv>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "hocket/http.hpp"
#include "hocket/net.hpp"

namespace hocket::http {

/// A response as it came.
struct Answer {
    Answer() = default;
    int status = 0;
    std::string head;  // with the status line
    std::string body;  // decoded
    bool chunked = false;
    std::size_t chunks = 0;

    /// The value of a header field, with its case as the server writes it; empty if there is none.
    std::string field(const std::string& name) const {
        const std::size_t at = head.find("\r\n" + name + ": ");
        if (at == std::string::npos) return {};
        const std::size_t begin = at + name.size() + 4;
        return head.substr(begin, head.find("\r\n", begin) - begin);
    }
};

class Peer {
public:
    explicit Peer(Socket socket) : socket_(std::move(socket)) {}
    static Task<Peer> connect(std::uint16_t port) {
        Socket socket = co_await Socket::async_connect("127.0.0.1", port);
        co_return Peer(std::move(socket));
    }

    Socket& socket() noexcept { return socket_; }

    Task<void> send(std::string bytes) { co_await socket_.async_send(bytes); }

    /// Reads one response and no more. Throws std::runtime_error if the connection ends before.
    Task<Answer> read_answer(bool to_head = false) {
        Answer answer;
        answer.head = co_await read_through("\r\n\r\n");
        if (!answer.head.starts_with("HTTP/1.1 ")) throw std::runtime_error("no response: " + answer.head);
        answer.status = std::stoi(answer.head.substr(9, 3));
        answer.chunked = answer.field("Transfer-Encoding") == "chunked";
        if (to_head || answer.status < 200 || answer.status == 204 || answer.status == 304) co_return answer;
        if (!answer.chunked) {
            answer.body = co_await read_exactly(std::stoul(answer.field("Content-Length")));
            co_return answer;
        }
        for (;;) {
            const std::string line = co_await read_through("\r\n");
            std::size_t size = 0;
            std::from_chars(line.data(), line.data() + line.size(), size, 16);
            const std::string chunk = co_await read_exactly(size + 2);
            if (!chunk.ends_with("\r\n")) throw std::runtime_error("a chunk that does not end");
            if (size == 0) co_return answer;
            answer.body.append(chunk, 0, size);
            ++answer.chunks;
        }
    }

    /// Sends a request and reads the response.
    Task<Answer> ask(std::string request) {
        const bool to_head = request.starts_with("HEAD");
        co_await send(std::move(request));
        co_return co_await read_answer(to_head);
    }

    /// Everything that comes until the server ends the connection.
    Task<std::string> read_all() {
        bool more = true;
        while (more) more = co_await receive();
        co_return std::exchange(received_, {});
    }

    /// Whether the server has ended the connection and nothing is left to read; waits for it.
    Task<bool> at_end() {
        if (!received_.empty()) co_return false;
        const bool more = co_await receive();
        co_return !more;
    }

private:
    Task<std::string> read_through(std::string mark) {
        std::size_t at = received_.find(mark);
        while (at == std::string::npos) {
            const bool more = co_await receive();
            if (!more) throw std::runtime_error("the connection ended after: " + received_);
            at = received_.find(mark);
        }
        co_return take(at + mark.size());
    }
    Task<std::string> read_exactly(std::size_t size) {
        while (received_.size() < size) {
            const bool more = co_await receive();
            if (!more) throw std::runtime_error("the connection ended within a body");
        }
        co_return take(size);
    }
    Task<bool> receive() {
        std::vector<char> buffer(64 * 1024);
        const std::size_t size = co_await socket_.async_recv(buffer);
        received_.append(buffer.data(), size);
        co_return size > 0;
    }
    std::string take(std::size_t size) {
        std::string taken = received_.substr(0, size);
        received_.erase(0, size);
        return taken;
    }

    Socket socket_;
    std::string received_;
};

inline std::string get(std::string_view target, std::string_view fields = {}) {
    return "GET " + std::string(target) + " HTTP/1.1\r\nHost: test\r\n" + std::string(fields) + "\r\n";
}
inline std::string post(std::string_view target, std::string_view body, std::string_view fields = {}) {
    return "POST " + std::string(target) + " HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n" + std::string(fields) + "\r\n" + std::string(body);
}

}  // namespace hocket::http
