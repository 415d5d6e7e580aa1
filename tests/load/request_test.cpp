#include "load/request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "load/version.hpp"

namespace hocket::load {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string user_agent() { return "User-Agent: hocket/" + std::string(version()) + "\r\n"; }

std::string build(std::string_view url, const RequestSpec& spec = {}) { return build_request(parse_url(url), spec); }

TEST(Request, OfTheDefaultsIsAPlainGet) {
    EXPECT_EQ(build("http://127.0.0.1:8080/a?b=c"),
              "GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n" + user_agent() + "Accept: */*\r\n\r\n");
}

TEST(Request, CarriesABodyWithItsLength) {
    EXPECT_EQ(build("http://a/", {.method = "POST", .body = std::string("x\0y\r\n", 5)}),
              "POST / HTTP/1.1\r\nHost: a\r\n" + user_agent() + "Accept: */*\r\nContent-Length: 5\r\n\r\n" +
                  std::string("x\0y\r\n", 5));
    EXPECT_THAT(build("http://a/", {.method = "POST", .body = ""}), HasSubstr("Content-Length: 0\r\n\r\n"));
    EXPECT_THAT(build("http://a/", {.method = "POST"}), Not(HasSubstr("Content-Length")));
}

TEST(Request, TurnsUserAndPasswordIntoBasicAuthorization) {
    EXPECT_THAT(build("http://Aladdin:open%20sesame@a/"),
                HasSubstr("\r\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"));  // RFC 7617
    EXPECT_THAT(build("http://a:b@a/"), HasSubstr("Basic YTpi\r\n"));
    EXPECT_THAT(build("http://ab:c@a/"), HasSubstr("Basic YWI6Yw==\r\n"));
    EXPECT_THAT(build("http://ab:cd@a/"), HasSubstr("Basic YWI6Y2Q=\r\n"));
    EXPECT_THAT(build("http://u@a/"), HasSubstr("Basic dTo=\r\n"));
    EXPECT_THAT(build("http://a/"), Not(HasSubstr("Authorization")));
}

TEST(Request, LetsHeadersReplaceTheDefaultsInAnyCase) {
    const std::string request =
        build("http://u:p@a/", {.headers = {"hOST: other", "user-agent:me", "ACCEPT:  text/html \t",
                                            "authorization: Bearer x", "X-One: 1", "X-One: 2"}});
    EXPECT_EQ(request,
              "GET / HTTP/1.1\r\nhOST: other\r\nuser-agent: me\r\nACCEPT: text/html\r\nauthorization: Bearer x\r\n"
              "X-One: 1\r\nX-One: 2\r\n\r\n");
}

TEST(Request, LeavesOutAHeaderWithoutValueAsCurlDoes) {
    EXPECT_EQ(build("http://a/", {.headers = {"Accept:", "User-Agent:", "X-Nothing:", "X-Empty;"}}),
              "GET / HTTP/1.1\r\nHost: a\r\nX-Empty: \r\n\r\n");
}

TEST(Request, AcceptsTheRightContentLengthOnly) {
    EXPECT_THAT(build("http://a/", {.headers = {"Content-Length: 3"}, .body = "abc"}),
                HasSubstr("Accept: */*\r\nContent-Length: 3\r\n\r\nabc"));
    EXPECT_THAT(build("http://a/", {.headers = {"Content-Length: 0"}}), HasSubstr("Content-Length: 0\r\n\r\n"));
}

TEST(Request, SaysWhatIsWrong) {
    struct Bad {
        RequestSpec spec;
        const char* why;
    };
    const Bad bads[] = {
        {{.method = ""}, "'' is not an HTTP method"},
        {{.method = "GE T"}, "'GE T' is not an HTTP method"},
        {{.method = "GET\r\nX: y"}, "'GET  X: y' is not an HTTP method"},
        {{.method = "G\xc3\x89T"}, "is not an HTTP method"},
        {{.headers = {"no colon"}}, "'no colon' is not a header: there is no colon"},
        {{.headers = {""}}, "there is no colon"},
        {{.headers = {": value"}}, "there is no name before the colon"},
        {{.headers = {"Bad Name: x"}}, "its name has characters that names cannot have"},
        {{.headers = {"Bad Name;"}}, "its name has characters that names cannot have"},
        {{.headers = {";"}}, "its name has characters that names cannot have"},
        {{.headers = {" X: y"}}, "its name has characters"},
        {{.headers = {"X : y"}}, "its name has characters"},
        {{.headers = {"X\r\nY: z"}}, "its name has characters"},
        {{.headers = {"X: y\r\nInjected: z"}}, "'X: y  Injected: z' is not a header: a value cannot have a line break"},
        {{.headers = {"X: y\nz"}}, "a value cannot have a line break"},
        {{.headers = {std::string("X: \0", 4)}}, "a value cannot have control characters"},
        {{.headers = {"X: \x1b[31m"}}, "a value cannot have control characters"},
        {{.headers = {"Transfer-Encoding: chunked"}}, "the header Transfer-Encoding cannot be set"},
        {{.headers = {"content-length: 4"}, .body = "abc"}, "Content-Length cannot be '4': the body has 3 bytes"},
        {{.headers = {"Content-Length: 4"}}, "Content-Length cannot be '4': the body has 0 bytes"},
        {{.headers = {"Content-Length:"}, .body = "abc"}, "Content-Length cannot be ''"},
    };
    for (const Bad& bad : bads) {
        SCOPED_TRACE(bad.why);
        try {
            build("http://a/", bad.spec);
            ADD_FAILURE() << "accepted";
        } catch (const std::invalid_argument& error) {
            EXPECT_THAT(error.what(), HasSubstr(bad.why));
        }
    }
}

}  // namespace
}  // namespace hocket::load
