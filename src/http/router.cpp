#include "hocket/http/detail/router.hpp"

#include <algorithm>
#include <stdexcept>

#include "hocket/http/detail/percent_decode.hpp"

namespace hocket::http::detail {
namespace {

bool is_name(std::string_view name) noexcept {
    const auto is_letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    };
    return !name.empty() && std::all_of(name.begin(), name.end(), is_letter);
}

[[noreturn]] void refuse(std::string_view pattern, const std::string& why) {
    throw std::invalid_argument("hocket: cannot add the route \"" + std::string(pattern) + "\": " + why);
}

// Whether a part of a path, decoded, could lead a handler that makes file names of paths out of its folder.
bool is_dangerous(std::string_view part) noexcept {
    if (part.find('\0') != std::string_view::npos) return true;
    for (;;) {
        const std::size_t slash = part.find('/');
        const std::string_view step = part.substr(0, slash);
        if (step == "." || step == "..") return true;
        if (slash == std::string_view::npos) return false;
        part.remove_prefix(slash + 1);
    }
}

// One part of a pattern.
struct PatternPart {
    enum class Kind { text, one, rest };
    Kind kind = Kind::text;
    std::string text;  // or the name
};

PatternPart read_part(std::string_view pattern, std::string_view text) {
    constexpr std::string_view kRest = "...";
    PatternPart part;
    if (!text.starts_with('{') || !text.ends_with('}')) {
        if (text.find_first_of("{}?#") != std::string_view::npos)
            refuse(pattern, "a part of a path is either text or one {name}, without ? and #");
        if (is_dangerous(text)) refuse(pattern, "no request has . or .. in its path");
        part.text = text;
        return part;
    }
    std::string_view name = text.substr(1, text.size() - 2);
    part.kind = PatternPart::Kind::one;
    if (name.ends_with(kRest)) {
        part.kind = PatternPart::Kind::rest;
        name.remove_suffix(kRest.size());
    }
    if (!is_name(name)) refuse(pattern, "a {name} takes letters, digits and _");
    part.text = name;
    return part;
}

std::vector<PatternPart> read_pattern(std::string_view pattern) {
    if (!pattern.starts_with('/')) refuse(pattern, "it must begin with a slash");
    std::vector<PatternPart> parts;
    std::string_view rest = pattern.substr(1);
    for (;;) {
        const std::size_t slash = rest.find('/');
        parts.push_back(read_part(pattern, rest.substr(0, slash)));
        if (slash == std::string_view::npos) return parts;
        if (parts.back().kind == PatternPart::Kind::rest) refuse(pattern, "{name...} must be its last part");
        rest.remove_prefix(slash + 1);
    }
}

using Routes = std::vector<std::unique_ptr<Router::Route>>;

// The route for a method: its own, that of GET for HEAD, that of any.
const Router::Route* route_for(const Routes& routes, std::string_view method) noexcept {
    const Router::Route* any = nullptr;
    const Router::Route* get = nullptr;
    for (const auto& route : routes) {
        if (route->method == method) return route.get();
        if (route->method.empty()) any = route.get();
        if (method == "HEAD" && route->method == "GET") get = route.get();
    }
    return get ? get : any;
}

void add_method(std::vector<std::string>& methods, std::string_view method) {
    if (!method.empty() && std::find(methods.begin(), methods.end(), method) == methods.end())
        methods.emplace_back(method);
}

void add_methods(std::vector<std::string>& methods, const Routes& routes) {
    for (const auto& route : routes) {
        add_method(methods, route->method);
        if (route->method == "GET") add_method(methods, "HEAD");
    }
}

// For the header field Allow.
std::string list_of(std::vector<std::string> methods) {
    add_method(methods, "OPTIONS");
    std::sort(methods.begin(), methods.end());
    std::string list;
    for (const std::string& method : methods) list.append(list.empty() ? "" : ", ").append(method);
    return list;
}

}  // namespace

struct Router::Node {
    Node() = default;
    Node* child(std::string_view text) const noexcept {
        for (const auto& [known, node] : texts) {
            if (known == text) return node.get();
        }
        return nullptr;
    }

    std::vector<std::pair<std::string, std::unique_ptr<Node>>> texts;
    std::unique_ptr<Node> one;  // for "{name}"
    Routes routes;              // of paths that end here
    Routes catches;             // "{name...}": of paths that go on in any way
};

// One look-up.
class Router::Search {
public:
    Search(Router& router, std::string_view method) noexcept
        : values(router.values_), parts_(router.parts_), count_(router.count_), method_(method) {
        values.clear();
    }

    const Route* visit(const Node& node, std::size_t at) {
        if (at == count_) return choose(node.routes);
        if (const Node* child = node.child(parts_[at])) {
            if (const Route* route = visit(*child, at + 1)) return route;
        }
        if (node.one && !parts_[at].empty()) {
            values.push_back(at);
            if (const Route* route = visit(*node.one, at + 1)) return route;
            values.pop_back();
        }
        const Route* route = choose(node.catches);
        if (route) rest = at;
        return route;
    }

    std::vector<std::size_t>& values;  // which parts "{name}" stands for
    std::size_t rest = kNone;          // from where on "{name...}" does
    std::vector<std::string> methods;  // of the routes that were not for this one
    bool path_known = false;

    static constexpr std::size_t kNone = ~std::size_t{0};

private:
    const Route* choose(const Routes& routes) {
        if (routes.empty()) return nullptr;
        const Route* route = route_for(routes, method_);
        if (route) return route;
        path_known = true;
        add_methods(methods, routes);
        return nullptr;
    }

    const std::vector<std::string>& parts_;
    const std::size_t count_;
    const std::string_view method_;
};

Router::Router() : root_(std::make_unique<Node>()) {}
Router::~Router() = default;

void Router::add(std::string_view method, std::string_view pattern, Handler handler, BodyHandler body_handler) {
    if (!method.empty() && !is_token(method)) refuse(pattern, "\"" + std::string(method) + "\" is no method");
    if (!handler && !body_handler) refuse(pattern, "there is no handler");
    auto route = std::make_unique<Route>();
    route->handler = std::move(handler);
    route->body_handler = std::move(body_handler);
    route->method = method;
    Node* node = root_.get();
    Routes* routes = nullptr;
    for (PatternPart& part : read_pattern(pattern)) {
        if (part.kind != PatternPart::Kind::text) {
            if (std::find(route->names.begin(), route->names.end(), part.text) != route->names.end())
                refuse(pattern, "{" + part.text + "} is there twice");
            route->names.push_back(part.text);
        }
        if (part.kind == PatternPart::Kind::rest) {
            routes = &node->catches;
        } else if (part.kind == PatternPart::Kind::one) {
            if (!node->one) node->one = std::make_unique<Node>();
            node = node->one.get();
        } else if (Node* child = node->child(part.text)) {
            node = child;
        } else {
            node->texts.emplace_back(std::move(part.text), std::make_unique<Node>());
            node = node->texts.back().second.get();
        }
    }
    if (!routes) routes = &node->routes;
    const bool known =
        std::any_of(routes->begin(), routes->end(), [&](const auto& other) { return other->method == method; });
    if (known) refuse(pattern, "there is one already for this path and method");
    reads_bodies_ = reads_bodies_ || route->body_handler;
    add_method(methods_, method);
    if (method == "GET") add_method(methods_, "HEAD");
    routes->push_back(std::move(route));
    ++routes_;
}

// Cuts a path at its slashes and decodes the parts; false if it is malformed.
bool Router::read_path(std::string_view path) {
    count_ = 0;
    std::string_view rest = path.substr(1);
    for (;;) {
        const std::size_t slash = rest.find('/');
        if (count_ == parts_.size()) parts_.emplace_back();
        std::string& part = parts_[count_++];
        part.clear();
        if (!percent_decode(rest.substr(0, slash), Plus::itself, part) || is_dangerous(part)) return false;
        if (slash == std::string_view::npos) return true;
        rest.remove_prefix(slash + 1);
    }
}

Router::Found Router::find(Request& request) {
    request.parameters_.clear();
    Found found;
    const std::string_view path = request.path();
    if (path == "*") {  // which only OPTIONS may ask for
        found.status = 204;
        found.allow = list_of(methods_);
        return found;
    }
    if (!read_path(path)) {
        found.status = 400;
        return found;
    }
    Search search(*this, request.method());
    found.route = search.visit(*root_, 0);
    if (!found.route) {
        found.status = !search.path_known ? 404 : request.method() == "OPTIONS" ? 204 : 405;
        if (search.path_known) found.allow = list_of(std::move(search.methods));
        return found;
    }
    const std::vector<std::string>& names = found.route->names;
    for (std::size_t i = 0; i < search.values.size(); ++i)
        request.parameters_.emplace_back(names[i], parts_[search.values[i]]);
    if (search.rest != Search::kNone) {
        std::string rest;
        for (std::size_t i = search.rest; i < count_; ++i) rest.append(i == search.rest ? "" : "/").append(parts_[i]);
        request.parameters_.emplace_back(names.back(), std::move(rest));
    }
    return found;
}

}  // namespace hocket::http::detail
