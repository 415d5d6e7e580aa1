// Reading from streams.
#include <gmock/gmock.h>

#include "net/stream_fixture.hpp"

namespace hocket::test {
namespace {

class StreamReadTest : public OnBothBackends {};
HOCKET_ON_BOTH_BACKENDS(StreamReadTest);

using MaybeText = std::optional<std::string>;

TEST_P(StreamReadTest, GivesWhatThereIs) {
    run([]() -> Task<void> {
        for (const Kind kind : {Kind::tcp, Kind::unix_domain}) {
            StreamAndPeer ends = co_await stream_and_peer(kind);
            Future<std::string> reading = create_task(ends.stream.read(100));
            co_await settle();
            EXPECT_FALSE(reading.done());
            send_now(ends.peer, "one two");
            const std::string all = co_await reading;
            EXPECT_EQ(all, "one two");
            send_now(ends.peer, "three four");
            const std::string some = co_await ends.stream.read(5);
            EXPECT_EQ(some, "three");
            EXPECT_EQ(ends.stream.buffered(), " four");
            const std::string rest = co_await ends.stream.read();
            EXPECT_EQ(rest, " four");
            const std::string nothing = co_await ends.stream.read(0);
            EXPECT_EQ(nothing, "");
            ends.peer.close();
            for (int i = 0; i < 2; ++i) {
                const std::string end = co_await ends.stream.read();
                EXPECT_EQ(end, "");
            }
        }
    });
}

TEST_P(StreamReadTest, ReadsIntoTheCallersMemory) {
    run([]() -> Task<void> {
        StreamAndPeer ends = co_await stream_and_peer();
        send_now(ends.peer, "abcdef");
        char few[2];
        const std::size_t first = co_await ends.stream.read_into(few);
        EXPECT_EQ(std::string(few, first), "ab");
        std::vector<char> many(100'000);
        const std::size_t rest = co_await ends.stream.read_into(many);
        EXPECT_EQ(std::string(many.data(), rest), "cdef");
        const std::size_t none = co_await ends.stream.read_into(std::span<char>());
        EXPECT_EQ(none, 0u);
        send_now(ends.peer, "ghi");
        const std::size_t direct = co_await ends.stream.read_into(many);
        EXPECT_EQ(std::string(many.data(), direct), "ghi");
        ends.peer.close();
        const std::size_t end = co_await ends.stream.read_into(many);
        EXPECT_EQ(end, 0u);
    });
}

TEST_P(StreamReadTest, FindsTheSeparatorWhereverThePiecesEnd) {
    run([]() -> Task<void> {
        for (const Kind kind : {Kind::tcp, Kind::unix_domain}) {
            StreamAndPeer ends = co_await stream_and_peer(kind);
            Future<MaybeText> reading = create_task(ends.stream.read_until("\r\n"));
            for (const char* piece : {"head\r", "er\r", "\nbody"}) {
                co_await settle();
                EXPECT_FALSE(reading.done());
                send_now(ends.peer, piece);
            }
            const MaybeText header = co_await reading;
            EXPECT_EQ(header, "head\rer\r\n");
            send_now(ends.peer, "||");
            const MaybeText body = co_await ends.stream.read_until("||");
            EXPECT_EQ(body, "body||");
        }
    });
}

TEST_P(StreamReadTest, FindsManySeparatorsInOnePiece) {
    run([]() -> Task<void> {
        StreamAndPeer ends = co_await stream_and_peer();
        std::string all;
        for (int i = 0; i < 5000; ++i) all += std::to_string(i) + "\n";
        Future<std::size_t> sender = create_task(send(ends.peer, all));
        for (int i = 0; i < 5000; ++i) {
            const MaybeText line = co_await ends.stream.read_until("\n");
            EXPECT_EQ(line, std::to_string(i) + "\n");
        }
        co_await sender;
        ends.peer.close();
        const MaybeText end = co_await ends.stream.read_until("\n");
        EXPECT_EQ(end, std::nullopt);
    });
}

TEST_P(StreamReadTest, AnEndInTheMiddleIsAnError) {
    run([]() -> Task<void> {
        StreamAndPeer ends = co_await stream_and_peer();
        send_now(ends.peer, "whole\nhalf");
        ends.peer.close();
        const MaybeText whole = co_await ends.stream.read_until("\n");
        EXPECT_EQ(whole, "whole\n");
        const IncompleteReadError error = co_await thrown_by<IncompleteReadError>(ends.stream.read_until("\n"));
        EXPECT_EQ(error.partial(), "half");
        EXPECT_STREQ(error.what(), "hocket: the stream ended after 4 bytes without the separator");
        const MaybeText end = co_await ends.stream.read_until("\n");
        EXPECT_EQ(end, std::nullopt);
    });
}

TEST_P(StreamReadTest, ALimitThatIsOverrunLosesNothing) {
    run([]() -> Task<void> {
        StreamAndPeer ends = co_await stream_and_peer();
        send_now(ends.peer, "12345\n1234\n12345");
        const MaybeText fits = co_await ends.stream.read_until("\n", 6);
        EXPECT_EQ(fits, "12345\n");
        const LimitOverrunError found = co_await thrown_by<LimitOverrunError>(ends.stream.read_until("\n", 4));
        EXPECT_EQ(found.buffered(), 10u);
        const MaybeText again = co_await ends.stream.read_until("\n", 5);
        EXPECT_EQ(again, "1234\n");
        (void)co_await thrown_by<LimitOverrunError>(ends.stream.read_until("\n", 5));
        const std::string rest = co_await ends.stream.read_exactly(5);
        EXPECT_EQ(rest, "12345");
    });
}

TEST_P(StreamReadTest, ALineBeyondTheDefaultLimitIsAnErrorNotMemory) {
    run([]() -> Task<void> {
        StreamAndPeer ends = co_await stream_and_peer();
        Future<std::size_t> sender = create_task(send(ends.peer, std::string(10'000'000, 'x')));
        const LimitOverrunError error = co_await thrown_by<LimitOverrunError>(ends.stream.read_until("\n"));
        EXPECT_GE(error.buffered(), Stream::kLineLimit);
        EXPECT_LT(error.buffered(), 4 * Stream::kLineLimit);
        ends.stream.close();
        const std::error_code sending = co_await error_of(std::move(sender));
        EXPECT_TRUE(sending == std::errc::connection_reset || sending == std::errc::broken_pipe);
    });
}

TEST_P(StreamReadTest, AnEmptySeparatorIsRefused) {
    run([]() -> Task<void> {
        StreamAndPeer ends = co_await stream_and_peer();
        (void)co_await thrown_by<std::invalid_argument>(ends.stream.read_until(""));
    });
}

TEST_P(StreamReadTest, LinesComeWithoutTheirEnds) {
    run([]() -> Task<void> {
        StreamAndPeer ends = co_await stream_and_peer();
        send_now(ends.peer, "unix\nweb\r\n\n\r\nlast");
        ends.peer.close();
        std::vector<std::string> lines;
        while (const MaybeText line = co_await ends.stream.read_line()) lines.push_back(*line);
        EXPECT_EQ(lines, (std::vector<std::string>{"unix", "web", "", "", "last"}));
    });
}

TEST_P(StreamReadTest, ReadsExactSizes) {
    run([]() -> Task<void> {
        for (const Kind kind : {Kind::tcp, Kind::unix_domain}) {
            StreamAndPeer ends = co_await stream_and_peer(kind);
            const std::vector<std::size_t> sizes{0, 1, 5000, 65'536, 65'537, 1'000'000, 3};
            std::string all;
            for (const std::size_t size : sizes) all += pattern(size);
            Future<std::size_t> sender = create_task(send(ends.peer, all));
            for (const std::size_t size : sizes) {
                const std::string part = co_await ends.stream.read_exactly(size);
                EXPECT_TRUE(part == pattern(size)) << size << " bytes came changed";
            }
            co_await sender;
        }
    });
}

TEST_P(StreamReadTest, AnEndBeforeTheExactSizeGivesWhatThereWas) {
    run([]() -> Task<void> {
        for (const std::size_t size : {std::size_t{10}, std::size_t{1} << 40}) {
            StreamAndPeer ends = co_await stream_and_peer();
            send_now(ends.peer, "1234567");
            ends.peer.close();
            const IncompleteReadError error = co_await thrown_by<IncompleteReadError>(ends.stream.read_exactly(size));
            EXPECT_EQ(error.partial(), "1234567");
            EXPECT_EQ(error.expected(), size);
            const IncompleteReadError end = co_await thrown_by<IncompleteReadError>(ends.stream.read_exactly(1));
            EXPECT_EQ(end.partial(), "");
        }
    });
}

TEST_P(StreamReadTest, ReadsToTheEnd) {
    run([]() -> Task<void> {
        StreamAndPeer ends = co_await stream_and_peer();
        const std::string message = pattern(1'000'000);
        auto sending = [&]() -> Task<void> {
            co_await ends.peer.async_send(message);
            ends.peer.close();
        };
        Future<void> sender = create_task(sending());
        const std::string all = co_await ends.stream.read_all();
        EXPECT_TRUE(all == message);
        co_await sender;
    });
}

TEST_P(StreamReadTest, MoreThanTheLimitBeforeTheEndIsAnError) {
    run([]() -> Task<void> {
        StreamAndPeer ends = co_await stream_and_peer();
        send_now(ends.peer, "123456");
        (void)co_await thrown_by<LimitOverrunError>(ends.stream.read_all(5));
        ends.peer.close();
        const std::string all = co_await ends.stream.read_all(6);
        EXPECT_EQ(all, "123456");
    });
}

TEST_P(StreamReadTest, ACancelledReadLosesNothing) {
    run([]() -> Task<void> {
        for (const std::size_t size : {std::size_t{20}, std::size_t{200'000}}) {
            StreamAndPeer ends = co_await stream_and_peer();
            const std::string message = pattern(size);
            Future<std::string> exactly = create_task(ends.stream.read_exactly(size));
            send_now(ends.peer, message.substr(0, size / 2));
            co_await settle();
            EXPECT_FALSE(exactly.done());
            exactly.cancel();
            (void)co_await thrown_by<CancelledError>(std::move(exactly));
            Future<MaybeText> until = create_task(ends.stream.read_until("THE END", 2 * size));
            co_await settle();
            until.cancel();
            (void)co_await thrown_by<CancelledError>(std::move(until));
            Future<std::size_t> sender = create_task(send(ends.peer, message.substr(size / 2)));
            const std::string all = co_await ends.stream.read_exactly(size);
            EXPECT_TRUE(all == message);
            co_await sender;
        }
    });
}

TEST_P(StreamReadTest, ASecondReaderIsRefused) {
    run([]() -> Task<void> {
        StreamAndPeer ends = co_await stream_and_peer();
        Future<std::string> reading = create_task(ends.stream.read());
        co_await settle();
        const InvalidStateError error = co_await thrown_by<InvalidStateError>(ends.stream.read_line());
        EXPECT_THAT(error.what(), ::testing::HasSubstr("another task reads from this stream"));
        send_now(ends.peer, "for the first");
        const std::string text = co_await reading;
        EXPECT_EQ(text, "for the first");
    });
}

TEST_P(StreamReadTest, ClosingEndsAReadThatWaits) {
    run([]() -> Task<void> {
        StreamAndPeer ends = co_await stream_and_peer();
        Future<std::error_code> reading = create_task(error_of(ends.stream.read()));
        co_await settle();
        ends.stream.close();
        const std::error_code error = co_await reading;
        EXPECT_EQ(error, std::errc::operation_canceled);
        const std::string end = co_await receive(ends.peer);
        EXPECT_EQ(end, "");
        EXPECT_FALSE(ends.stream.is_open());
        EXPECT_THROW((void)ends.stream.read(), std::system_error);
    });
}

TEST_P(StreamReadTest, AResetIsAnError) {
    run([]() -> Task<void> {
        StreamAndPeer ends = co_await stream_and_peer();
        Future<std::error_code> reading = create_task(error_of(ends.stream.read_line()));
        co_await settle();
        reset(ends.peer);
        const std::error_code error = co_await reading;
        EXPECT_EQ(error, std::errc::connection_reset);
    });
}

}  // namespace
}  // namespace hocket::test
