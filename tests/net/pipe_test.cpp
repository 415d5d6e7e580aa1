#include "hocket/net/pipe.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>

#include "net/stream_fixture.hpp"

namespace hocket::test {
namespace {

class PipeTest : public OnBothBackends {};
HOCKET_ON_BOTH_BACKENDS(PipeTest);

TEST_P(PipeTest, CarriesBytesOneWay) {
    run([]() -> Task<void> {
        auto [reader, writer] = open_pipe();
        Future<std::optional<std::string>> reading = create_task(reader.read_line());
        co_await settle();
        EXPECT_FALSE(reading.done());
        co_await writer.write("hello\n");
        const auto line = co_await reading;
        EXPECT_EQ(line, "hello");
        co_await writer.write_eof();
        const std::string end = co_await reader.read();
        EXPECT_EQ(end, "");
    });
}

TEST_P(PipeTest, TheWriterWaitsForTheReader) {
    run([]() -> Task<void> {
        auto [reader, writer] = open_pipe();
        const std::string message = pattern(3'000'000);
        auto writing = [&]() -> Task<void> {
            co_await writer.write(message);
            writer.close();
        };
        Future<void> sender = create_task(writing());
        for (int i = 0; i < 50; ++i) co_await yield_now();
        EXPECT_FALSE(sender.done());
        const std::string received = co_await reader.read_all();
        EXPECT_TRUE(received == message);
        co_await sender;
    });
}

TEST_P(PipeTest, WritingWhereNobodyReadsIsAnErrorAndNoSignal) {
    run([]() -> Task<void> {
        auto [reader, writer] = open_pipe();
        auto [other_reader, other_writer] = open_pipe();
        Future<std::error_code> waiting = create_task(error_of(other_writer.write(std::string(1'000'000, 'x'))));
        co_await settle();
        EXPECT_FALSE(waiting.done());
        other_reader.close();
        const std::error_code while_waiting = co_await waiting;
        EXPECT_EQ(while_waiting, std::errc::broken_pipe);
        reader.close();
        const std::error_code at_once = co_await error_of(writer.write("x"));
        EXPECT_EQ(at_once, std::errc::broken_pipe);
        sigset_t pending;
        sigpending(&pending);
        EXPECT_EQ(sigismember(&pending, SIGPIPE), 0);
    });
}

TEST_P(PipeTest, EachEndHasOneDirection) {
    run([]() -> Task<void> {
        auto [reader, writer] = open_pipe();
        const std::error_code writing = co_await error_of(reader.write("x"));
        EXPECT_EQ(writing, std::errc::bad_file_descriptor);
        const std::error_code reading = co_await error_of(writer.read());
        EXPECT_EQ(reading, std::errc::bad_file_descriptor);
        EXPECT_EQ(reader.peer_address().family(), Address::Family::none);
    });
}

TEST_P(PipeTest, SendsFilesAndParts) {
    run([]() -> Task<void> {
        auto [reader, writer] = open_pipe();
        char name[] = "/tmp/hocket_pipe_XXXXXX";
        const int file = checked(::mkstemp(name), "mkstemp");
        const std::string content = pattern(200'000);
        checked(::write(file, content.data(), content.size()), "write");
        const std::vector<std::string_view> parts{"one ", "two"};
        auto writing = [&]() -> Task<std::uint64_t> {
            co_await writer.write_vectored(parts);
            const std::uint64_t size = co_await writer.sendfile(file, 10);
            writer.close();
            co_return size;
        };
        Future<std::uint64_t> sender = create_task(writing());
        const std::string received = co_await reader.read_all();
        const std::uint64_t size = co_await sender;
        EXPECT_EQ(size, content.size() - 10);
        EXPECT_TRUE(received == "one two" + content.substr(10));
        ::close(file);
        ::unlink(name);
    });
}

TEST_P(PipeTest, ClosingEndsAReadThatWaits) {
    run([]() -> Task<void> {
        auto [reader, writer] = open_pipe();
        Future<std::error_code> reading = create_task(error_of(reader.read()));
        co_await settle();
        reader.close();
        const std::error_code error = co_await reading;
        EXPECT_EQ(error, std::errc::operation_canceled);
    });
}

TEST_P(PipeTest, AReadThatIsCancelledTakesNothing) {
    run([]() -> Task<void> {
        auto [reader, writer] = open_pipe();
        Future<std::string> reading = create_task(reader.read());
        co_await settle();
        reading.cancel();
        (void)co_await thrown_by<CancelledError>(std::move(reading));
        co_await writer.write("kept");
        const std::string text = co_await reader.read();
        EXPECT_EQ(text, "kept");
    });
}

TEST_P(PipeTest, ADeviceIsAStream) {
    run([]() -> Task<void> {
        Stream zero = stream_from_descriptor(checked(::open("/dev/zero", O_RDONLY | O_CLOEXEC), "open"));
        const std::string zeros = co_await zero.read_exactly(1000);
        EXPECT_EQ(zeros, std::string(1000, '\0'));
        EXPECT_THROW((void)stream_from_descriptor(-1), std::system_error);
    });
}

}  // namespace
}  // namespace hocket::test
