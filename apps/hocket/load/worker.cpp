#include "worker.hpp"

#include <ctime>

#include <algorithm>
#include <system_error>

namespace hocket::load {
namespace {

using namespace std::chrono_literals;

constexpr unsigned kConnectsAtOnce = 128;  // more would overflow the usual accept queues
constexpr std::uint64_t kTickets = 256;
constexpr auto kFirstPause = 10ms;                // before connecting again after a failure,
constexpr auto kLastPause = 100ms;                // doubled from one to the other
constexpr std::size_t kDiscardAbove = 16 * 1024;  // a body of which more than this is to come is not copied

bool is_idempotent(std::string_view method) {
    static constexpr std::string_view methods[] = {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
    return std::find(std::begin(methods), std::end(methods), method) != std::end(methods);
}

// For a counter that only this thread writes.
void increment(std::atomic<std::uint64_t>& counter, std::memory_order order) noexcept {
    counter.store(counter.load(std::memory_order_relaxed) + 1, order);
}

double thread_cpu_seconds() {
    timespec used{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

Task<void> cancel_when_readable(TaskGroup& group, Socket& socket) {
    co_await socket.async_wait_readable();
    group.cancel("answered");
}

}  // namespace

Worker::Worker(Job& job, unsigned connections)
    : job_(job), connections_(connections), idempotent_(is_idempotent(job.options().request.method)) {
    if (job.options().url->is_tls())
        tls_ = std::make_unique<TlsContext>(job.options().url->host, job.options().insecure);
}

Worker::~Worker() {
    stop();
    if (thread_.joinable()) thread_.join();
}

void Worker::start(Time began, std::function<void()> ended) {
    thread_ = std::thread([this, began, ended = std::move(ended)] {
        run(began);
        ended();
    });
}

void Worker::stop() {
    std::scoped_lock guard(loop_mutex_);
    stop_requested_ = true;
    if (!loop_) return;
    loop_->call_soon_threadsafe([this] {
        draining_ = true;
        if (group_) group_->cancel("the load test was stopped");
    });
}

void Worker::run(Time began) noexcept {
    const double cpu_before = thread_cpu_seconds();
    try {
        EventLoop loop;
        {
            std::scoped_lock guard(loop_mutex_);
            loop_ = &loop;
            draining_ = stop_requested_;
        }
        try {
            if (const auto duration = job_.options().duration)
                (void)loop.call_at(began + *duration, [this] { time_is_up(); });
            loop.run_until_complete(main(), "worker");
        } catch (const std::exception& error) {  // stop() must not find a loop that is gone
            failure_ = Failure{"generator", error.what()};
        }
        std::scoped_lock guard(loop_mutex_);
        loop_ = nullptr;
    } catch (const std::exception& error) {
        failure_ = Failure{"generator", error.what()};
    }
    cpu_seconds_ = thread_cpu_seconds() - cpu_before;
}

Task<void> Worker::main() {
    co_await task_group([this](TaskGroup& group) { return start_connections(group); });
    group_ = nullptr;
}

Task<void> Worker::start_connections(TaskGroup& group) {
    group_ = &group;
    to_start_ = connections_;
    for (unsigned i = 0; i < kConnectsAtOnce; ++i) start_next_connection();
    co_return;
}

void Worker::start_next_connection() {
    if (to_start_ == 0 || draining_) return;
    --to_start_;
    group_->create_task(connection());
}

void Worker::time_is_up() {
    draining_ = true;
    (void)loop_->call_later(Engine::grace, [this] {
        if (group_) group_->cancel("the time of the load test is up");
    });
}

bool Worker::begin(Request& request, Time now) {
    if (draining_) return false;
    if (tickets_ == 0) tickets_ = job_.take(kTickets);
    if (tickets_ == 0) return false;
    --tickets_;
    request = {now, true, false};
    first_start_ = std::min(first_start_, now);
    return true;
}

void Worker::succeed(Request& request, unsigned status) {
    last_end_ = std::chrono::steady_clock::now();
    latency_.record(std::chrono::duration_cast<std::chrono::microseconds>(last_end_ - request.start).count());
    increment(statuses_[status], std::memory_order_relaxed);
    request.open = false;
}

void Worker::fail(Request& request, ErrorKind kind, const std::string& message) {
    last_end_ = std::max(last_end_, std::chrono::steady_clock::now());
    const auto index = static_cast<std::size_t>(kind);
    if (errors_[index].load(std::memory_order_relaxed) == 0) examples_[index] = message;
    increment(errors_[index], std::memory_order_release);
    request.open = false;
}

Task<Socket> Worker::connect() { return Socket::async_connect(job_.address()); }

// Sends what there is room for. A failure is kept: an answer that came before it counts more.
std::size_t Worker::send_now(Socket& socket, std::string_view bytes, Ending& ending) {
    try {
        return socket.try_send(bytes).value_or(0);
    } catch (const std::system_error&) {
        ending.error = std::current_exception();
        return 0;
    }
}

// Sends the rest of a long request. Ends early when the server answers before it has it all: what is to be read then
// tells why.
Task<bool> Worker::send_rest(Socket& socket, std::string_view rest, Ending& ending) {
    bool sent = false;
    auto send = [&](TaskGroup& group) { return send_until_answered(group, socket, rest, ending, sent); };
    co_await task_group(std::move(send));
    co_return sent;
}

Task<void> Worker::send_until_answered(TaskGroup& group, Socket& socket, std::string_view rest, Ending& ending,
                                       bool& sent) {
    group.create_task(cancel_when_readable(group, socket));
    try {
        co_await socket.async_send(rest);
        sent = true;
    } catch (const std::system_error&) {
        ending.error = std::current_exception();
    }
    group.cancel("sent");
}

Task<void> Worker::wait_for(Socket& socket, TlsSession::Wants what) {
    if (what == TlsSession::Wants::readable) co_await socket.async_wait_readable();
    if (what == TlsSession::Wants::writable) co_await socket.async_wait_writable();
}

Task<void> Worker::shake_hands(TlsSession& tls, Socket& socket) {
    for (auto wants = tls.shake_hands(); wants != TlsSession::Wants::nothing; wants = tls.shake_hands()) {
        co_await wait_for(socket, wants);
    }
}

Task<void> Worker::send_tls(TlsSession& tls, Socket& socket, TlsSession::Wants wants) {
    while (wants != TlsSession::Wants::nothing) {
        co_await wait_for(socket, wants);
        wants = tls.send(job_.request());
    }
}

// Takes what has come of the response; needs_more if that is not all.
ReadResult Worker::receive(ResponseReader& reader, Socket& socket, TlsSession* tls, Ending& ending) {
    for (;;) {
        const std::uint64_t rest = tls ? 0 : reader.body_remaining();
        const bool discards = rest > kDiscardAbove;
        std::optional<std::size_t> size;
        if (discards) {
            size = socket.try_discard(static_cast<std::size_t>(std::min<std::uint64_t>(rest, 1 << 30)));
        } else {
            size = tls ? tls->try_recv(buffer_) : socket.try_recv(buffer_);
        }
        if (!size) return ReadResult();
        if (*size == 0) {
            ending.closed = true;
            return reader.finish_eof();
        }
        bytes_received_ += *size;
        ending.response_started = true;
        ReadResult result = discards ? reader.skip(*size) : reader.feed(buffer_.data(), *size);
        if (!discards && result.state == ReadState::complete && result.consumed < *size) {
            result.state = ReadState::error;
            result.error = "bytes after the end of the response";
        }
        // A TLS session may hold more than it has given, of which the socket knows nothing.
        if (!tls || result.state != ReadState::needs_more) return result;
    }
}

// The coroutine that a test of 10,000 connections has 10,000 of: what is awaited rarely is in coroutines of its own, to
// keep its frame small.
Task<void> Worker::connection() {
    ResponseReader reader(responses_);
    Request request;
    auto pause = kFirstPause;
    bool first = true;
    while (request.open || begin(request, std::chrono::steady_clock::now())) {
        Ending ending;
        {
            CancelScope scope;
            try {
                scope.set_deadline(request.start + job_.options().timeout);
                Socket socket = co_await connect();
                std::unique_ptr<TlsSession> tls;
                if (tls_) {
                    ending.stage = Stage::tls;
                    tls = std::make_unique<TlsSession>(*tls_, socket);
                    co_await shake_hands(*tls, socket);
                }
                pause = kFirstPause;
                if (std::exchange(first, false)) start_next_connection();
                for (;;) {
                    ending.stage = Stage::send;
                    ending.response_started = false;
                    reader.begin(job_.head());
                    const std::string_view bytes = job_.request();
                    bool sent = true;
                    if (tls) {
                        if (const auto wants = tls->send(bytes); wants != TlsSession::Wants::nothing)
                            co_await send_tls(*tls, socket, wants);
                    } else if (const std::size_t part = send_now(socket, bytes, ending); part < bytes.size()) {
                        sent = false;
                        if (!ending.error) sent = co_await send_rest(socket, bytes.substr(part), ending);
                    }
                    if (sent) {
                        bytes_sent_ += bytes.size();
                        ending.stage = Stage::receive;
                    }
                    ReadResult result;
                    do {
                        if (!tls || !tls->has_received()) co_await socket.async_wait_readable();
                        result = receive(reader, socket, tls.get(), ending);
                    } while (result.state == ReadState::needs_more);
                    if (result.state == ReadState::error) {
                        ending.broken = result.error;
                        break;
                    }
                    succeed(request, result.status);
                    ending.served = true;
                    if (!result.keep_alive || !sent || !begin(request, last_end_)) break;
                    scope.set_deadline(request.start + job_.options().timeout);
                }
            } catch (const CancelledError&) {
                ending.timed_out = scope.timed_out() && scope.owns_cancellation();
                if (!ending.timed_out) {
                    if (request.open) ++unfinished_;
                    throw;
                }
            } catch (...) {
                ending.error = std::current_exception();
            }
        }
        if (request.open) settle(request, ending);
        if (ending.stage > Stage::tls) continue;
        if (std::exchange(first, false)) start_next_connection();
        co_await sleep(pause);
        pause = std::min(pause * 2, kLastPause);
    }
    if (first) start_next_connection();
}

void Worker::settle(Request& request, const Ending& ending) {
    static constexpr const char* doing[] = {"connecting", "in the TLS handshake", "sending the request",
                                            "waiting for the response"};
    static constexpr ErrorKind kinds[] = {ErrorKind::connect, ErrorKind::tls, ErrorKind::send, ErrorKind::receive};
    const auto stage = static_cast<std::size_t>(ending.stage);
    if (ending.timed_out) return fail(request, ErrorKind::timeout, std::string("time-out while ") + doing[stage]);
    // A server may close a connection between two requests at any time; the request that crossed the close is made once
    // more.
    if (ending.served && !ending.response_started && !request.resent && idempotent_) {
        request.resent = true;
        ++resent_;
        return;
    }
    if (ending.error) return fail(request, kinds[stage], describe(ending.error));
    fail(request, ending.closed ? ErrorKind::receive : ErrorKind::protocol, ending.broken);
}

void Worker::add_counts(StatusCounts& statuses, ErrorCounts& errors) const {
    for (std::size_t status = 0; status < statuses_.size(); ++status) {
        if (const std::uint64_t count = statuses_[status].load(std::memory_order_relaxed))
            statuses[static_cast<unsigned>(status)] += count;
    }
    for (std::size_t kind = 0; kind < error_kinds; ++kind) {
        const std::uint64_t count = errors_[kind].load(std::memory_order_acquire);
        if (count > 0 && errors[kind].count == 0) errors[kind].example = examples_[kind];
        errors[kind].count += count;
    }
}

void Worker::add_to(Progress& progress) const { add_counts(progress.statuses, progress.error_counts); }

void Worker::add_to(Summary& summary) const {
    add_counts(summary.statuses, summary.errors);
    summary.latency.merge(latency_);
    summary.resent += resent_;
    summary.unfinished += unfinished_;
    if (!summary.failure) summary.failure = failure_;
    summary.bytes_received += bytes_received_;
    summary.bytes_sent += bytes_sent_;
    summary.cpu_seconds += cpu_seconds_;
}

}  // namespace hocket::load
