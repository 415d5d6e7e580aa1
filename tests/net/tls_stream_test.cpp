// Encrypted streams, with Hocket at both ends.
#include <gmock/gmock.h>

#include <fstream>

#include "net/tls_fixture.hpp"

namespace hocket::test {
namespace {

using ::testing::HasSubstr;

class TlsStreamTest : public OnBothBackends {};
HOCKET_ON_BOTH_BACKENDS(TlsStreamTest);

Task<std::string> ask(std::uint16_t port, TlsContext context, std::string question) {
    Stream stream = co_await open_connection("127.0.0.1", port, std::move(context));
    co_await stream.write(question);
    co_await stream.write_eof();
    co_return co_await stream.read_all();
}

TEST_P(TlsStreamTest, TellsWhatWasAgreedOn) {
    run([]() -> Task<void> {
        TlsPair pair = co_await tls_pair();
        const TlsInfo client = pair.client.tls_info().value();
        EXPECT_EQ(client.version, "TLSv1.3");
        EXPECT_EQ(client.cipher, "TLS_AES_256_GCM_SHA384");
        EXPECT_EQ(client.alpn, "");
        EXPECT_FALSE(client.resumed);
        const TlsCertificate& shown = client.peer.value();
        EXPECT_EQ(shown.subject, "CN=server,O=Hocket");
        EXPECT_EQ(shown.issuer, "CN=Hocket test ca");
        EXPECT_EQ(shown.names, (std::vector<std::string>{"localhost", "example.test", "127.0.0.1", "::1"}));
        EXPECT_EQ(shown.fingerprint.size(), 64u);
        const auto now = std::chrono::system_clock::now();
        EXPECT_LE(shown.not_before, now);
        EXPECT_GT(shown.not_after, now + std::chrono::hours(24));
        const TlsInfo server = pair.server.tls_info().value();
        EXPECT_EQ(server.version, "TLSv1.3");
        EXPECT_EQ(server.server_name, "localhost");
        EXPECT_FALSE(server.peer);
        const std::pair<Stream, Stream> plain = co_await stream_pair();
        EXPECT_FALSE(plain.first.tls_info());
    });
}

TEST_P(TlsStreamTest, CarriesAllKindsOfReadsAndWrites) {
    run([]() -> Task<void> {
        TlsPair pair = co_await tls_pair();
        const std::string large = pattern(50'000);
        const std::string_view parts[] = {"one\n", "", large, "two\n", "three"};
        co_await pair.client.write_vectored(parts);
        const auto one = co_await pair.server.read_line();
        EXPECT_EQ(one, "one");
        const std::string middle = co_await pair.server.read_exactly(large.size());
        EXPECT_EQ(middle, large);
        const auto two = co_await pair.server.read_line();
        EXPECT_EQ(two, "two");
        const std::string path = Certificates::get().path("sent_file");
        std::ofstream(path) << large;
        const std::uint64_t sent = co_await pair.client.sendfile(path, 1000);
        EXPECT_EQ(sent, large.size() - 1000);
        co_await pair.client.write_eof();
        const std::string rest = co_await pair.server.read_all();
        EXPECT_EQ(rest, "three" + large.substr(1000));
    });
}

TEST_P(TlsStreamTest, OneSideMayGoOnAfterTheOthersEnd) {
    run([]() -> Task<void> {
        TlsPair pair = co_await tls_pair();
        co_await pair.client.write("question");
        co_await pair.client.write_eof();
        const std::string question = co_await pair.server.read_all();
        EXPECT_EQ(question, "question");
        co_await pair.server.write("answer");
        co_await pair.server.write_eof();
        const std::string answer = co_await pair.client.read_all();
        EXPECT_EQ(answer, "answer");
        const std::error_code late = co_await error_of(pair.client.write("more"));
        EXPECT_EQ(late, std::errc::broken_pipe);
        co_await pair.client.write_eof();  // once more does nothing
    });
}

TEST_P(TlsStreamTest, ClosingTellsTheEnd) {
    run([]() -> Task<void> {
        TlsPair pair = co_await tls_pair();
        co_await pair.client.write("bye");
        pair.client.close();
        const std::string all = co_await pair.server.read_all();
        EXPECT_EQ(all, "bye");
    });
}

TEST_P(TlsStreamTest, AnEndThatNobodyAnnouncedIsAnError) {
    run([]() -> Task<void> {
        TlsPair pair = co_await tls_pair();
        co_await pair.client.write("all that I ow");
        checked(::shutdown(pair.client.fileno(), SHUT_WR), "shutdown");
        const std::string part = co_await pair.server.read();
        EXPECT_EQ(part, "all that I ow");
        for (int i = 0; i < 2; ++i) {
            const TlsError error = co_await thrown_by<TlsError>(pair.server.read());
            EXPECT_EQ(error.code(), TlsErrc::truncated);
            EXPECT_THAT(error.what(), HasSubstr("hocket: TLS: the connection to 127.0.0.1:"));
            EXPECT_THAT(error.what(), HasSubstr("ended without the peer saying so"));
        }
    });
}

TEST_P(TlsStreamTest, WhatWasAlteredOnItsWayIsAnErrorAtBothEnds) {
    run([]() -> Task<void> {
        TlsPair pair = co_await tls_pair();
        const std::string forged = std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'x');
        checked(::send(pair.client.fileno(), forged.data(), forged.size(), 0), "send");
        const TlsError error = co_await thrown_by<TlsError>(pair.server.read());
        EXPECT_EQ(error.code(), TlsErrc::broken);
        EXPECT_THAT(error.what(), HasSubstr("receiving from 127.0.0.1:"));
        const TlsError again = co_await thrown_by<TlsError>(pair.server.write("x"));
        EXPECT_EQ(again.code(), TlsErrc::broken);
        const TlsError told = co_await thrown_by<TlsError>(pair.client.read());
        EXPECT_EQ(told.code(), TlsErrc::refused);
        EXPECT_THAT(told.what(), HasSubstr("bad record mac"));
    });
}

TEST_P(TlsStreamTest, AResetInTheMiddleIsTheSystemsError) {
    run([]() -> Task<void> {
        TlsPair pair = co_await tls_pair();
        const std::string half_a_record("\x17\x03\x03\x10\x00 and no more", 17);
        checked(::send(pair.client.fileno(), half_a_record.data(), half_a_record.size(), 0), "send");
        Future<std::string> reading = create_task(pair.server.read());
        co_await settle();
        EXPECT_FALSE(reading.done());
        pair.client.abort();
        const std::error_code error = co_await error_of(std::move(reading));
        EXPECT_EQ(error, std::errc::connection_reset);
    });
}

Task<void> write_all(Stream& stream, const std::string& data) {
    co_await stream.write(data);
    co_await stream.write_eof();
}

TEST_P(TlsStreamTest, MuchGoesBothWaysAtOnce) {
    run([]() -> Task<void> {
        TlsPair pair = co_await tls_pair();
        const std::string data = pattern(16 * 1024 * 1024);
        Future<void> up = create_task(write_all(pair.client, data));
        Future<void> down = create_task(write_all(pair.server, data));
        Future<std::string> above = create_task(pair.server.read_all());
        const std::string below = co_await pair.client.read_all();
        const std::string result = co_await std::move(above);
        EXPECT_TRUE(below == data);
        EXPECT_TRUE(result == data);
        co_await up;
        co_await down;
    });
}

TEST_P(TlsStreamTest, ReadsWhileAWriteWaits) {
    run([]() -> Task<void> {
        TlsPair pair = co_await tls_pair();
        const std::string flood = pattern(20'000'000);
        Future<void> writing = create_task(pair.client.write(flood));
        co_await settle();
        EXPECT_FALSE(writing.done()) << "nobody reads it";
        co_await pair.server.write("hello\n");
        const auto line = co_await pair.client.read_line();
        EXPECT_EQ(line, "hello");
        EXPECT_FALSE(writing.done());
        const std::string arrived = co_await pair.server.read_exactly(flood.size());
        EXPECT_TRUE(arrived == flood);
        co_await writing;
    });
}

TEST_P(TlsStreamTest, ACancelledReadLosesNothing) {
    run([]() -> Task<void> {
        TlsPair pair = co_await tls_pair();
        for (int i = 0; i < 3; ++i) {
            Future<std::string> reading = create_task(pair.server.read());
            co_await settle();
            reading.cancel();
            (void)co_await thrown_by<CancelledError>(std::move(reading));
        }
        co_await pair.client.write("still here");
        const std::string text = co_await pair.server.read();
        EXPECT_EQ(text, "still here");
    });
}

TEST_P(TlsStreamTest, AfterACancelledWriteNothingMoreIsSent) {
    run([]() -> Task<void> {
        TlsPair pair = co_await tls_pair();
        Future<void> writing = create_task(pair.client.write(pattern(20'000'000)));
        co_await settle();
        writing.cancel();
        (void)co_await thrown_by<CancelledError>(std::move(writing));
        const TlsError error = co_await thrown_by<TlsError>(pair.client.write("more"));
        EXPECT_EQ(error.code(), TlsErrc::broken);
        EXPECT_THAT(error.what(), HasSubstr("an earlier write was cancelled"));
        pair.client.close();
        const TlsError seen = co_await thrown_by<TlsError>(pair.server.read_all());
        EXPECT_EQ(seen.code(), TlsErrc::truncated);
    });
}

TEST_P(TlsStreamTest, ServesFiveHundredAtTheSameTime) {
    run([]() -> Task<void> {
        const std::size_t before = open_descriptors();
        {
            const TlsContext context = TlsContext::client(Certificates::get().client());
            Server server = co_await start_tls_server(Certificates::get().server());
            std::vector<Task<std::string>> clients;
            for (int i = 0; i < 500; ++i) clients.push_back(ask(server.port(), context, std::to_string(i)));
            const std::vector<std::string> answers = co_await gather(std::move(clients));
            for (std::size_t i = 0; i < answers.size(); ++i) EXPECT_EQ(answers[i], std::to_string(i));
            co_await server.close();
        }
        co_await settle();
        EXPECT_LE(open_descriptors(), before + 1);  // one that the loop keeps for accepting
    });
}

TEST_P(TlsStreamTest, WorksOverUnixSocketsAndOverItself) {
    run([]() -> Task<void> {
        TlsPair outer = co_await tls_pair(Kind::unix_domain);
        const TlsContext server = TlsContext::server(Certificates::get().server());
        const TlsContext client = TlsContext::client(Certificates::get().client());
        Future<Stream> accepted = create_task(start_tls(std::move(outer.server), server));
        Stream inner = co_await start_tls(std::move(outer.client), client, "example.test");
        Stream other = co_await std::move(accepted);
        EXPECT_EQ(other.tls_info().value().server_name, "example.test");
        co_await inner.write("wrapped twice");
        inner.close();
        const std::string text = co_await other.read_all();
        EXPECT_EQ(text, "wrapped twice");
    });
}

// ---- start_tls()

TEST_P(TlsStreamTest, APlainStreamIsUpgraded) {
    run([]() -> Task<void> {
        auto handler = [](Stream stream) -> Task<void> {
            const auto line = co_await stream.read_line();
            EXPECT_EQ(line, "STARTTLS");
            co_await stream.write("go ahead\n");
            stream = co_await start_tls(std::move(stream), TlsContext::server(Certificates::get().server()));
            co_await echo_all(std::move(stream));
        };
        Server server = co_await start_server("127.0.0.1", 0, handler);
        Stream stream = co_await open_connection("127.0.0.1", server.port());
        co_await stream.write("STARTTLS\n");
        const auto answer = co_await stream.read_line();
        EXPECT_EQ(answer, "go ahead");
        stream = co_await start_tls(std::move(stream), TlsContext::client(Certificates::get().client()), "localhost");
        co_await stream.write("secret");
        co_await stream.write_eof();
        const std::string secret = co_await stream.read_all();
        EXPECT_EQ(secret, "secret");
        co_await server.close();
    });
}

TEST_P(TlsStreamTest, WhatCameInClearTextIsNotTakenForSecret) {
    run([]() -> Task<void> {
        StreamAndPeer both = co_await stream_and_peer();
        send_now(both.peer, "STARTTLS\nINJECTED COMMAND\n");
        const auto line = co_await both.stream.read_line();
        EXPECT_EQ(line, "STARTTLS");
        const TlsContext context = TlsContext::server(Certificates::get().server());
        const TlsError error = co_await thrown_by<TlsError>(start_tls(std::move(both.stream), context));
        EXPECT_EQ(error.code(), TlsErrc::handshake);
        EXPECT_THAT(error.what(), HasSubstr("17 bytes came before the encryption"));
        const std::string end = co_await receive(both.peer);
        EXPECT_EQ(end, "");
    });
}

TEST_P(TlsStreamTest, AStreamInUseIsNotUpgraded) {
    run([]() -> Task<void> {
        StreamAndPeer both = co_await stream_and_peer();
        Future<std::string> reading = create_task(both.stream.read());
        co_await settle();
        const TlsContext context = TlsContext::server(Certificates::get().server());
        (void)co_await thrown_by<InvalidStateError>(start_tls(std::move(both.stream), context));
        const std::error_code ended = co_await error_of(std::move(reading));
        EXPECT_TRUE(ended);
    });
}

TEST_P(TlsStreamTest, WrongUseIsRefused) {
    run([]() -> Task<void> {
        const TlsContext client = TlsContext::client(Certificates::get().client());
        const TlsContext server = TlsContext::server(Certificates::get().server());
        StreamAndPeer first = co_await stream_and_peer();
        (void)co_await thrown_by<std::invalid_argument>(start_tls(std::move(first.stream), TlsContext(), "localhost"));
        StreamAndPeer second = co_await stream_and_peer();
        const auto nameless = co_await thrown_by<std::invalid_argument>(start_tls(std::move(second.stream), client));
        EXPECT_THAT(nameless.what(), HasSubstr("tell whom the certificate must name"));
        (void)co_await thrown_by<std::invalid_argument>(open_connection("127.0.0.1", 1, server));
        (void)co_await thrown_by<std::invalid_argument>(open_connection("127.0.0.1", 1, TlsContext()));
        const std::error_code closed = co_await error_of(start_tls(Stream(), client, "localhost"));
        EXPECT_EQ(closed, std::errc::bad_file_descriptor);
        ServerOptions options;
        options.tls = client;
        (void)co_await thrown_by<std::invalid_argument>(start_server("127.0.0.1", 0, echo_all, options));
    });
}

}  // namespace
}  // namespace hocket::test
