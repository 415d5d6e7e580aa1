// Which handler answers which path.
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hocket/http/handler.hpp"

namespace hocket::http::detail {

/// Routes by path and method. A path is cut at its slashes and then decoded, part by part, so that an encoded slash
/// belongs to its part. Patterns make a tree, one level for each part; what a path finds in it is tried in this order:
/// the part itself, "{name}", "{name...}"; among the first of these that leads to a route for the method.
///
/// Looking up visits each node of the tree at most once, whatever the path. One thread at a time.
class Router {
public:
    struct Route {
        Route() = default;
        Handler handler;           // either this
        BodyHandler body_handler;  // or this
        std::string method;        // empty: any
        std::vector<std::string> names;
    };
    /// What a look-up has found: a route, or the response in its place.
    struct Found {
        Found() = default;
        const Route* route = nullptr;
        int status = 0;     // without a route: 400, 404, 405, or 204 for OPTIONS
        std::string allow;  // for 405 and 204: the methods that there are
    };

    Router();
    Router(const Router&) = delete;
    Router& operator=(const Router&) = delete;
    ~Router();

    /// Throws std::invalid_argument for a malformed pattern or method, and for a route that is there already.
    void add(std::string_view method, std::string_view pattern, Handler handler, BodyHandler body_handler);
    bool empty() const noexcept { return routes_ == 0; }
    /// Whether a route has a BodyHandler.
    bool reads_bodies() const noexcept { return reads_bodies_; }
    /// Looks up the route for `request` and sets the request's parameters. Routes live as long as the router.
    Found find(Request& request);

private:
    struct Node;
    class Search;
    bool read_path(std::string_view path);

    std::unique_ptr<Node> root_;
    std::size_t routes_ = 0;
    bool reads_bodies_ = false;
    std::vector<std::string> methods_;  // of all routes
    std::vector<std::string> parts_;    // of the path that is being looked up; memory that is used again
    std::size_t count_ = 0;             // how many of them are its own
    std::vector<std::size_t> values_;   // which of them "{name}" stands for
};

}  // namespace hocket::http::detail
