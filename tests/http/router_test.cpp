// Which route a path leads to, without a server.
#include "hocket/http/detail/router.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "hocket/http/detail/request_parser.hpp"
#include "hocket/http/status_error.hpp"

namespace hocket::http {
namespace {

using detail::RequestParser;
using detail::Router;

// A request as the router gets it.
class Asked {
public:
    Asked(std::string_view method, std::string_view target) {
        parser_.feed(std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: test\r\n\r\n");
        if (parser_.state() != RequestParser::State::complete) throw std::invalid_argument("not a request");
    }
    Request& request() { return parser_.request(); }

private:
    RequestParser parser_;
};

Task<Response> nothing(const Request&) { co_return Response(); }

// Routes whose order of adding is their number.
class Routes {
public:
    Routes& add(std::string_view method, std::string_view pattern) {
        router_.add(method, pattern, nothing, nullptr);
        return *this;
    }
    // "GET /a/{x} x=1", or the status and what is allowed.
    std::string find(std::string_view method, std::string_view target) {
        Asked asked(method, target);
        const Router::Found found = router_.find(asked.request());
        if (!found.route) return std::to_string(found.status) + (found.allow.empty() ? "" : " " + found.allow);
        std::string text = found.route->method.empty() ? "any" : found.route->method;
        for (const std::string& name : found.route->names) text += " " + name + "=" + asked.request().parameter(name);
        return text;
    }
    Router& router() { return router_; }

private:
    Router router_;
};

TEST(Router, FindsTextParametersAndTheRest) {
    Routes routes;
    routes.add("GET", "/")
        .add("GET", "/sensors/{id}")
        .add("GET", "/sensors/{id}/values/{at}")
        .add("GET", "/f/{path...}");
    EXPECT_EQ(routes.find("GET", "/"), "GET");
    EXPECT_EQ(routes.find("GET", "/?a=b"), "GET");
    EXPECT_EQ(routes.find("GET", "/sensors/7"), "GET id=7");
    EXPECT_EQ(routes.find("GET", "/sensors/7/values/x"), "GET id=7 at=x");
    EXPECT_EQ(routes.find("GET", "/f/"), "GET path=");
    EXPECT_EQ(routes.find("GET", "/f/a/b.txt"), "GET path=a/b.txt");
    EXPECT_EQ(routes.find("GET", "/f/a//b/"), "GET path=a//b/");
    EXPECT_EQ(routes.find("GET", "http://host/sensors/9"), "GET id=9");
    for (const char* target : {"/sensors", "/sensors/", "/sensors/7/", "/sensors/7/values", "/f", "/x", "//"})
        EXPECT_EQ(routes.find("GET", target), "404") << target;
}

TEST(Router, ASlashAtTheEndIsPartOfThePath) {
    Routes routes;
    routes.add("GET", "/with/").add("GET", "/without");
    EXPECT_EQ(routes.find("GET", "/with/"), "GET");
    EXPECT_EQ(routes.find("GET", "/with"), "404");
    EXPECT_EQ(routes.find("GET", "/without"), "GET");
    EXPECT_EQ(routes.find("GET", "/without/"), "404");
}

TEST(Router, TextGoesBeforeParametersAndTheseBeforeTheRest) {
    Routes routes;
    routes.add("GET", "/a/{rest...}").add("GET", "/a/{one}").add("GET", "/a/me").add("POST", "/a/me");
    EXPECT_EQ(routes.find("GET", "/a/me"), "GET");
    EXPECT_EQ(routes.find("GET", "/a/you"), "GET one=you");
    EXPECT_EQ(routes.find("GET", "/a/me/more"), "GET rest=me/more");
    EXPECT_EQ(routes.find("GET", "/a/"), "GET rest=");
}

TEST(Router, GoesBackWhereAWayEnds) {
    Routes routes;
    routes.add("GET", "/a/b/c").add("GET", "/{x}/b/d").add("GET", "/a/{y}/e").add("GET", "/{all...}");
    EXPECT_EQ(routes.find("GET", "/a/b/c"), "GET");
    EXPECT_EQ(routes.find("GET", "/a/b/d"), "GET x=a");
    EXPECT_EQ(routes.find("GET", "/a/b/e"), "GET y=b");
    EXPECT_EQ(routes.find("GET", "/a/b/f"), "GET all=a/b/f");
}

TEST(Router, ChoosesByMethod) {
    Routes routes;
    routes.add("GET", "/a").add("POST", "/a").add("", "/any").add("PUT", "/any").add("HEAD", "/h").add("GET", "/h");
    EXPECT_EQ(routes.find("POST", "/a"), "POST");
    EXPECT_EQ(routes.find("HEAD", "/a"), "GET");
    EXPECT_EQ(routes.find("HEAD", "/h"), "HEAD");
    EXPECT_EQ(routes.find("DELETE", "/a"), "405 GET, HEAD, OPTIONS, POST");
    EXPECT_EQ(routes.find("OPTIONS", "/a"), "204 GET, HEAD, OPTIONS, POST");
    EXPECT_EQ(routes.find("OPTIONS", "/b"), "404");
    EXPECT_EQ(routes.find("PUT", "/any"), "PUT");
    EXPECT_EQ(routes.find("DELETE", "/any"), "any");
    EXPECT_EQ(routes.find("OPTIONS", "/any"), "any");
    EXPECT_EQ(routes.find("OPTIONS", "*"), "204 GET, HEAD, OPTIONS, POST, PUT");
}

TEST(Router, AMoreGeneralRouteHelpsWhereTheFirstLacksTheMethod) {
    Routes routes;
    routes.add("POST", "/users/me").add("GET", "/users/{id}").add("DELETE", "/{all...}");
    EXPECT_EQ(routes.find("GET", "/users/me"), "GET id=me");
    EXPECT_EQ(routes.find("DELETE", "/users/me"), "DELETE all=users/me");
    EXPECT_EQ(routes.find("PUT", "/users/me"), "405 DELETE, GET, HEAD, OPTIONS, POST");
}

TEST(Router, PathsAreDecodedPartByPart) {
    Routes routes;
    routes.add("GET", "/d\xc3\xa9j\xc3\xa0 vu/{x}").add("GET", "/plus+/{x}");
    EXPECT_EQ(routes.find("GET", "/d%c3%A9j%C3%A0%20vu/a%2Fb"), "GET x=a/b");
    EXPECT_EQ(routes.find("GET", "/plus+/1+1"), "GET x=1+1");
    EXPECT_EQ(routes.find("GET", "/%70lus+/%25"), "GET x=%");
}

TEST(Router, RefusesPathsThatAreMalformedOrClimb) {
    Routes routes;
    routes.add("GET", "/f/{path...}");
    for (const char* target : {"/f/%", "/f/%2", "/f/%zz", "/f/%0", "/f/a%00", "/f/..", "/f/../x", "/f/./x",
                               "/f/%2e%2E/x", "/f/a%2f..", "/f/..%2fx", "/%2e"})
        EXPECT_EQ(routes.find("GET", target), "400") << target;
    EXPECT_EQ(routes.find("GET", "/f/.../..a/a.."), "GET path=.../..a/a..");
}

TEST(Router, RefusesRoutesThatAreNone) {
    Routes routes;
    routes.add("GET", "/a/{x}");
    for (const char* pattern : {"", "a", "*", "/{", "/}", "/{}", "/{a b}", "/a{b}", "/{a}b", "/{...}", "/{a...}/b",
                                "/a?b", "/{x}/{x}", "/a/{y}", "/a/../b"})
        EXPECT_THROW(routes.add("GET", pattern), std::invalid_argument) << pattern;
    EXPECT_THROW(routes.add("GE T", "/b"), std::invalid_argument);
    EXPECT_THROW(routes.router().add("GET", "/c", nullptr, nullptr), std::invalid_argument);
    EXPECT_NO_THROW(routes.add("POST", "/a/{y}"));
    EXPECT_EQ(routes.find("POST", "/a/1"), "POST y=1");
    EXPECT_EQ(routes.find("GET", "/a/1"), "GET x=1");
}

TEST(Request, DecodesItsQuery) {
    Asked asked("GET", "/?q=two+words%21&tag=a&tag=b%26c&empty=&bare&&%74ag=d&a+b=c=d");
    const Request& request = asked.request();
    EXPECT_EQ(request.query("q"), "two words!");
    EXPECT_EQ(request.query_values("tag"), (std::vector<std::string>{"a", "b&c", "d"}));
    EXPECT_EQ(request.query("empty"), "");
    EXPECT_EQ(request.query("bare"), "");
    EXPECT_EQ(request.query("a b"), "c=d");
    EXPECT_EQ(request.query("Q"), std::nullopt);
    EXPECT_EQ(request.query_parameters().size(), 7u);
    EXPECT_EQ(request.query_parameters().front(), std::pair(std::string("q"), std::string("two words!")));
    Asked none("GET", "/");
    EXPECT_EQ(none.request().query("q"), std::nullopt);
    EXPECT_TRUE(none.request().query_parameters().empty());
}

TEST(Request, RefusesAMalformedQuery) {
    for (const char* target : {"/?a=%", "/?a=%4", "/?a=%zz"}) {
        Asked asked("GET", target);
        try {
            (void)asked.request().query("a");
            ADD_FAILURE() << target;
        } catch (const StatusError& error) {
            EXPECT_EQ(error.status(), 400);
        }
        EXPECT_THROW((void)asked.request().query_values("a"), StatusError);
        EXPECT_THROW((void)asked.request().query_parameters(), StatusError);
        EXPECT_EQ(asked.request().query("b"), std::nullopt);
    }
    EXPECT_THROW(StatusError(200, ""), std::invalid_argument);
}

TEST(Request, HasOnlyTheParametersOfItsRoute) {
    Routes routes;
    routes.add("GET", "/a/{x}").add("GET", "/b");
    Asked asked("GET", "/a/1");
    (void)routes.router().find(asked.request());
    EXPECT_EQ(asked.request().parameter("x"), "1");
    EXPECT_THROW((void)asked.request().parameter("y"), std::invalid_argument);
}

}  // namespace
}  // namespace hocket::http
