#include "hocket/http/blocking_client.hpp"

#include "hocket/sync/event.hpp"

namespace hocket::http {
namespace {

void refuse_on_loop() { hocket::detail::refuse_on_loop("a request of an http::BlockingClient", "use an http::Client"); }

Task<std::vector<Cookie>> cookies_of(Client& client) { co_return client.cookies(); }

Task<void> clear_cookies_of(Client& client) {
    client.clear_cookies();
    co_return;
}

// Blocks until the result is there. If the wait ends otherwise, nobody wants the result.
//
// By an Event, because a pool's worker that waits for a Future is replaced meanwhile, lest the pool starve. That would
// turn "five workers" into any number of requests at a time; and a request needs no worker to come to its end.
template <class T>
T result_of(Future<T> future, std::source_location where) {
    const auto done = std::make_shared<Event>();  // this wait may be over first
    future.add_done_callback([done](Future<T>&) { done->set(); });
    try {
        done->wait(where);
    } catch (...) {
        future.cancel("the thread that waited for the response was cancelled");
        throw;
    }
    return std::move(future).result(where);
}

}  // namespace

BlockingClient::BlockingClient(ClientOptions options, std::string name)
    : client_(std::make_unique<Client>(std::move(options))), thread_(std::move(name)) {}

BlockingClient::~BlockingClient() = default;

Response BlockingClient::get(std::string url, Options options, std::source_location where) {
    return request("GET", std::move(url), Body(), std::move(options), where);
}
Response BlockingClient::head(std::string url, Options options, std::source_location where) {
    return request("HEAD", std::move(url), Body(), std::move(options), where);
}
Response BlockingClient::post(std::string url, Body body, Options options, std::source_location where) {
    return request("POST", std::move(url), std::move(body), std::move(options), where);
}
Response BlockingClient::put(std::string url, Body body, Options options, std::source_location where) {
    return request("PUT", std::move(url), std::move(body), std::move(options), where);
}
Response BlockingClient::patch(std::string url, Body body, Options options, std::source_location where) {
    return request("PATCH", std::move(url), std::move(body), std::move(options), where);
}
Response BlockingClient::del(std::string url, Options options, std::source_location where) {
    return request("DELETE", std::move(url), Body(), std::move(options), where);
}

Response BlockingClient::request(std::string method, std::string url, Body body, Options options,
                                 std::source_location where) {
    refuse_on_loop();
    return result_of(submit(std::move(method), std::move(url), std::move(body), std::move(options), where), where);
}

Future<Response> BlockingClient::submit(std::string method, std::string url, Body body, Options options,
                                        std::source_location where) {
    const std::string name = "HTTP " + method;
    Task<Response> task = client_->request(std::move(method), std::move(url), std::move(body), std::move(options));
    return thread_.submit(std::move(task), name, where);
}

std::vector<Cookie> BlockingClient::cookies(std::source_location where) {
    refuse_on_loop();
    return result_of(thread_.submit(cookies_of(*client_), "cookies", where), where);
}

void BlockingClient::clear_cookies(std::source_location where) {
    refuse_on_loop();
    result_of(thread_.submit(clear_cookies_of(*client_), "cookies", where), where);
}

}  // namespace hocket::http
