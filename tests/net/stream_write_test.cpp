// Writing to streams, their ends, and what they tell about themselves.
#include <fcntl.h>
#include <gmock/gmock.h>

#include <fstream>

#include "net/stream_fixture.hpp"

namespace hocket::test {
namespace {

class StreamWriteTest : public OnBothBackends {};
HOCKET_ON_BOTH_BACKENDS(StreamWriteTest);

TEST_P(StreamWriteTest, WritesAndWaitsForTheReader) {
    run([]() -> Task<void> {
        for (const Kind kind : {Kind::tcp, Kind::unix_domain}) {
            StreamAndPeer ends = co_await stream_and_peer(kind);
            co_await ends.stream.write("small");
            const std::string small = co_await receive(ends.peer);
            EXPECT_EQ(small, "small");
            const std::string message = pattern(20'000'000);
            Future<void> writing = create_task(ends.stream.write(message));
            for (int i = 0; i < 200; ++i) co_await yield_now();
            EXPECT_FALSE(writing.done()) << "the system has taken 20 MB that nobody receives";
            Future<std::string> receiver = create_task(receive_all(ends.peer));
            co_await writing;
            ends.stream.close();
            const std::string received = co_await receiver;
            EXPECT_TRUE(received == message);
        }
    });
}

TEST_P(StreamWriteTest, ATemporaryIsKeptUntilItIsWritten) {
    run([]() -> Task<void> {
        StreamAndPeer ends = co_await stream_and_peer();
        Task<void> later = ends.stream.write(std::string(100, 'a') + "b");
        co_await std::move(later);
        const std::string received = co_await receive(ends.peer, 1000);
        EXPECT_EQ(received, std::string(100, 'a') + "b");
    });
}

TEST_P(StreamWriteTest, WritersTakeTurns) {
    run([]() -> Task<void> {
        StreamAndPeer ends = co_await stream_and_peer();
        constexpr std::size_t kSize = 6'000'000;
        std::vector<Task<void>> writers;
        for (const char letter : {'a', 'b', 'c'}) writers.push_back(ends.stream.write(std::string(kSize, letter)));
        Future<std::string> receiver = create_task(receive_all(ends.peer));
        co_await gather(std::move(writers));
        ends.stream.close();
        const std::string received = co_await receiver;
        EXPECT_TRUE(received == std::string(kSize, 'a') + std::string(kSize, 'b') + std::string(kSize, 'c'));
    });
}

TEST_P(StreamWriteTest, ACancelledTurnWritesNothing) {
    run([]() -> Task<void> {
        StreamAndPeer ends = co_await stream_and_peer();
        const std::string first(20'000'000, 'a');
        Future<void> writing = create_task(ends.stream.write(first));
        co_await settle();
        Future<void> waiting = create_task(ends.stream.write("never"));
        Future<void> last = create_task(ends.stream.write("last"));
        co_await settle();
        waiting.cancel();
        (void)co_await thrown_by<CancelledError>(std::move(waiting));
        Future<std::string> receiver = create_task(receive_all(ends.peer));
        co_await writing;
        co_await last;
        ends.stream.close();
        const std::string received = co_await receiver;
        EXPECT_TRUE(received == first + "last");
    });
}

TEST_P(StreamWriteTest, ACancelledWriteLetsTheNextHaveItsTurn) {
    run([]() -> Task<void> {
        StreamAndPeer ends = co_await stream_and_peer();
        Future<void> writing = create_task(ends.stream.write(std::string(20'000'000, 'a')));
        co_await settle();
        Future<void> ending = create_task(ends.stream.write_eof());
        co_await settle();
        EXPECT_FALSE(ending.done());
        writing.cancel();
        (void)co_await thrown_by<CancelledError>(std::move(writing));
        co_await ending;
        const std::string received = co_await receive_all(ends.peer);
        EXPECT_LT(received.size(), 20'000'000u);
    });
}

TEST_P(StreamWriteTest, WritesPartsInOneGo) {
    run([]() -> Task<void> {
        for (const Kind kind : {Kind::tcp, Kind::unix_domain}) {
            StreamAndPeer ends = co_await stream_and_peer(kind);
            const std::string big = pattern(10'000'000);
            std::vector<std::string_view> parts{"head", "", " and ", big};
            std::string expected = "head and " + big;
            for (int i = 0; i < 3000; ++i) {  // more than one system call takes
                parts.push_back("xy");
                expected += "xy";
            }
            Future<std::string> receiver = create_task(receive_all(ends.peer));
            co_await ends.stream.write_vectored(parts);
            co_await ends.stream.write_vectored(std::span<const std::string_view>());
            ends.stream.close();
            const std::string received = co_await receiver;
            EXPECT_TRUE(received == expected);
        }
    });
}

TEST_P(StreamWriteTest, TheEndOfWritingLeavesReading) {
    run([]() -> Task<void> {
        for (const Kind kind : {Kind::tcp, Kind::unix_domain}) {
            StreamAndPeer ends = co_await stream_and_peer(kind);
            co_await ends.stream.write("question");
            co_await ends.stream.write_eof();
            const std::string question = co_await receive_all(ends.peer);
            EXPECT_EQ(question, "question");
            const std::error_code late = co_await error_of(ends.stream.write("more"));
            EXPECT_EQ(late, std::errc::broken_pipe);
            send_now(ends.peer, "answer");
            const std::string answer = co_await ends.stream.read();
            EXPECT_EQ(answer, "answer");
        }
    });
}

class File {
public:
    explicit File(const std::string& content) {
        char name[] = "/tmp/hocket_sendfile_XXXXXX";
        fd = checked(::mkstemp(name), "mkstemp");
        path = name;
        std::ofstream(path) << content;
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File() {
        ::close(fd);
        std::filesystem::remove(path);
    }
    int fd = -1;
    std::filesystem::path path;
};

TEST_P(StreamWriteTest, SendsFiles) {
    run([]() -> Task<void> {
        for (const Kind kind : {Kind::tcp, Kind::unix_domain}) {
            const std::string content = pattern(5'000'000);
            const File file(content);
            StreamAndPeer ends = co_await stream_and_peer(kind);
            Future<std::string> receiver = create_task(receive_all(ends.peer));
            const std::uint64_t whole = co_await ends.stream.sendfile(file.path);
            EXPECT_EQ(whole, content.size());
            const std::uint64_t part = co_await ends.stream.sendfile(file.fd, 1000, 500);
            EXPECT_EQ(part, 500u);
            const std::uint64_t end = co_await ends.stream.sendfile(file.fd, content.size() - 10, 500);
            EXPECT_EQ(end, 10u);
            EXPECT_EQ(::lseek(file.fd, 0, SEEK_CUR), 0) << "the descriptor's own place has moved";
            ends.stream.close();
            const std::string received = co_await receiver;
            EXPECT_TRUE(received == content + content.substr(1000, 500) + content.substr(content.size() - 10));
        }
    });
}

TEST_P(StreamWriteTest, SendingAFileToAClosedPeerIsAnErrorAndNoSignal) {
    run([]() -> Task<void> {
        const File file(pattern(5'000'000));
        StreamAndPeer ends = co_await stream_and_peer(Kind::unix_domain);
        ends.peer.close();
        const std::error_code error = co_await error_of(ends.stream.sendfile(file.fd));
        EXPECT_EQ(error, std::errc::broken_pipe);
        sigset_t pending;
        sigpending(&pending);
        EXPECT_EQ(sigismember(&pending, SIGPIPE), 0);
    });
}

TEST_P(StreamWriteTest, AMissingFileIsNamed) {
    run([]() -> Task<void> {
        StreamAndPeer ends = co_await stream_and_peer();
        const std::system_error error = co_await thrown_by<std::system_error>(ends.stream.sendfile("/no/such/file"));
        EXPECT_STREQ(error.what(), "hocket: open /no/such/file: No such file or directory");
    });
}

TEST_P(StreamWriteTest, AbortResets) {
    run([]() -> Task<void> {
        StreamAndPeer ends = co_await stream_and_peer();
        ends.stream.abort();
        EXPECT_FALSE(ends.stream.is_open());
        char data[10];
        const std::error_code error = co_await error_of(ends.peer.async_recv(data));
        EXPECT_EQ(error, std::errc::connection_reset);
    });
}

TEST_P(StreamWriteTest, WhatWasWrittenBeforeTheCloseArrives) {
    run([]() -> Task<void> {
        StreamAndPeer ends = co_await stream_and_peer();
        const std::size_t size = fill(ends.stream);
        ends.stream.close();
        const std::string received = co_await receive_all(ends.peer);
        EXPECT_EQ(received.size(), size);
    });
}

TEST_P(StreamWriteTest, KnowsItsAddresses) {
    run([]() -> Task<void> {
        auto [first, second] = co_await stream_pair();
        EXPECT_EQ(first.local_address().to_string(), second.peer_address().to_string());
        EXPECT_EQ(first.peer_address().to_string(), second.local_address().to_string());
        EXPECT_TRUE(first.is_open());
        const Stream none;
        EXPECT_FALSE(none.is_open());
        EXPECT_THROW((void)none.peer_address(), std::system_error);
    });
}

TEST_P(StreamWriteTest, AMovedStreamGoesOn) {
    run([]() -> Task<void> {
        auto [first, second] = co_await stream_pair();
        Future<std::string> reading = create_task(second.read());
        co_await settle();
        Stream moved = std::move(second);
        co_await first.write("hello");
        const std::string text = co_await reading;
        EXPECT_EQ(text, "hello");
        moved = Stream();
        const std::string end = co_await first.read();
        EXPECT_EQ(end, "");
    });
}

}  // namespace
}  // namespace hocket::test
