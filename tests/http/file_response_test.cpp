// Files as responses.
#include "hocket/http/file_response.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "server_fixture.hpp"

namespace hocket::http {
namespace {

using testing::HasSubstr;

// A folder that removes itself.
class Folder {
public:
    Folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "hocket-files-XXXXXX").string();
        if (!::mkdtemp(pattern.data())) throw std::runtime_error("mkdtemp");
        path = pattern;
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    void write(const std::string& name, const std::string& content) const { std::ofstream(path / name) << content; }
    std::filesystem::path path;
};

class FileResponse : public testing::Test {
protected:
    template <class Body>
    void serve(Body body) {
        const std::filesystem::path root = folder.path;
        const auto prepare = [root](Server& server) {
            server.get("/{path...}", [root](const Request& request) -> Task<Response> {
                Response response = co_await file_response(request, root / request.parameter("path"));
                co_return response;
            });
        };
        with_routes(prepare, body);
    }
    Folder folder;
};

TEST_F(FileResponse, SendsTheFile) {
    std::string large;
    for (int i = 0; large.size() < 20'000'000; ++i) large += std::to_string(i) + "\n";
    folder.write("page.html", "<p>hello");
    folder.write("large", large);
    folder.write("empty.txt", "");
    serve([&large](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        Answer got = co_await peer.ask(get("/page.html"));
        EXPECT_EQ(got.status, 200);
        EXPECT_EQ(got.body, "<p>hello");
        EXPECT_EQ(got.field("Content-Type"), "text/html; charset=utf-8");
        got = co_await peer.ask(get("/large"));
        EXPECT_TRUE(got.body == large);
        EXPECT_EQ(got.field("Content-Type"), "application/octet-stream");
        got = co_await peer.ask(get("/empty.txt"));
        EXPECT_EQ(got.status, 200);
        EXPECT_EQ(got.body, "");
        got = co_await peer.ask("HEAD /large HTTP/1.1\r\nHost: test\r\n\r\n");
        EXPECT_EQ(got.field("Content-Length"), std::to_string(large.size()));
        co_await peer.send(get("/page.html") + get("/large") + get("/page.html"));
        got = co_await peer.read_answer();
        EXPECT_EQ(got.body, "<p>hello");
        got = co_await peer.read_answer();
        EXPECT_TRUE(got.body == large);
        got = co_await peer.read_answer();
        EXPECT_EQ(got.body, "<p>hello");
    });
}

TEST_F(FileResponse, WhatIsNoFileIsNotFound) {
    std::filesystem::create_directory(folder.path / "folder");
    ASSERT_EQ(::mkfifo((folder.path / "pipe").c_str(), 0600), 0);
    folder.write("file", "x");
    serve([](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        const std::vector<std::pair<std::string, int>> cases{{"/nothing", 404},    {"/folder", 404}, {"/pipe", 404},
                                                             {"/file/below", 404}, {"/", 404},       {"/%2e%2e/x", 400},
                                                             {"/..%2fx", 400},     {"/file%00", 400}};
        for (const auto& [target, status] : cases) {
            const Answer got = co_await peer.ask(get(target));
            EXPECT_EQ(got.status, status) << target;
        }
    });
}

TEST_F(FileResponse, IsNotSentToAClientThatHasIt) {
    folder.write("file", "content");
    serve([](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        const Answer first = co_await peer.ask(get("/file"));
        const std::string tag = first.field("ETag");
        const std::string date = first.field("Last-Modified");
        EXPECT_THAT(tag, testing::StartsWith("\""));
        for (const std::string& field : {"If-None-Match: " + tag, "If-None-Match: \"x\", W/" + tag,
                                         std::string("If-None-Match: *"), "If-Modified-Since: " + date}) {
            const Answer got = co_await peer.ask(get("/file", field + "\r\n"));
            EXPECT_EQ(got.status, 304) << field;
            EXPECT_EQ(got.field("ETag"), tag);
        }
        for (const std::string& field : {"If-None-Match: \"x\"\r\nIf-Modified-Since: " + date,
                                         std::string("If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT")}) {
            const Answer got = co_await peer.ask(get("/file", field + "\r\n"));
            EXPECT_EQ(got.status, 200) << field;
        }
    });
}

TEST_F(FileResponse, GivesOneRange) {
    folder.write("file", "0123456789");
    serve([](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        class Case {
        public:
            Case(const char* r, int s, const char* b, const char* c) : range(r), status(s), body(b), content_range(c) {}
            const char* range;
            int status;
            const char *body, *content_range;
        };
        const std::vector<Case> cases{
            Case("bytes=2-4", 206, "234", "bytes 2-4/10"),
            Case("bytes=7-", 206, "789", "bytes 7-9/10"),
            Case("bytes=-3", 206, "789", "bytes 7-9/10"),
            Case("bytes=0-99", 206, "0123456789", "bytes 0-9/10"),
            Case("bytes=-99", 206, "0123456789", "bytes 0-9/10"),
            Case("bytes=10-", 416, "", "bytes */10"),
            Case("bytes=-0", 416, "", "bytes */10"),
            Case("bytes=4-2", 200, "0123456789", ""),
            Case("bytes=1-2,4-5", 200, "0123456789", ""),
            Case("bytes=", 200, "0123456789", ""),
            Case("bytes=-", 200, "0123456789", ""),
            Case("lines=1-2", 200, "0123456789", ""),
            Case("bytes=99999999999999999999-", 200, "0123456789", ""),
        };
        for (const Case& expected : cases) {
            const std::string field = std::string("Range: ") + expected.range + "\r\n";
            const Answer got = co_await peer.ask(get("/file", field));
            EXPECT_EQ(got.status, expected.status) << expected.range;
            const std::string body = got.status == 416 ? std::string() : got.body;
            EXPECT_EQ(body, expected.body) << expected.range;
            EXPECT_EQ(got.field("Content-Range"), expected.content_range) << expected.range;
        }
        const Answer whole = co_await peer.ask(get("/file"));
        EXPECT_EQ(whole.field("Accept-Ranges"), "bytes");
        const std::string range = "Range: bytes=1-1\r\nIf-Range: ";
        Answer got = co_await peer.ask(get("/file", range + whole.field("ETag") + "\r\n"));
        EXPECT_EQ(got.body, "1");
        got = co_await peer.ask(get("/file", range + "\"old\"\r\n"));
        EXPECT_EQ(got.body, "0123456789");
    });
}

TEST_F(FileResponse, ThatGetsShorterEndsTheConnection) {
    const Reports reports;
    folder.write("file", std::string(30'000'000, 'x'));
    const std::filesystem::path file = folder.path / "file";
    serve([&file](Server& server) -> Task<void> {
        Peer peer = co_await Peer::connect(server.port());
        co_await peer.send(get("/file"));
        std::vector<char> buffer(1000);
        (void)co_await peer.socket().async_recv(buffer);
        std::filesystem::resize_file(file, 10);
        bool cut = false;
        try {
            std::size_t size = 1;
            while (size > 0) {
                size = co_await peer.socket().async_recv(buffer);
            }
        } catch (const std::system_error& error) {
            cut = error.code() == std::errc::connection_reset;
        }
        EXPECT_TRUE(cut);
    });
    ASSERT_EQ(reports.texts.size(), 1u);
    EXPECT_THAT(reports.texts[0], HasSubstr("shorter"));
}

TEST(ContentType, ComesFromTheName) {
    EXPECT_EQ(content_type_of("a/b.HTML"), "text/html; charset=utf-8");
    EXPECT_EQ(content_type_of("x.svg"), "image/svg+xml");
    EXPECT_EQ(content_type_of("x"), "application/octet-stream");
    EXPECT_EQ(content_type_of("x.unknown"), "application/octet-stream");
}

}  // namespace
}  // namespace hocket::http
