#include "hocket/net/signals.hpp"

#include <sched.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <iterator>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <system_error>

#include "hocket/net/detail/io_awaiters.hpp"
#include "net/fd_guard.hpp"
#include "net/signal_source.hpp"
#include "net/throw_errno.hpp"

namespace hocket {
namespace detail {
namespace {

constexpr std::size_t kSubscribers = 64;
std::atomic<SignalSource*> subscribers[kSubscribers];
std::atomic<int> handlers{0};

std::mutex table_mutex;  // for those who come and go; never taken by the handler

// A signal that is being caught: by how many, and what it did before.
struct Caught {
    int subscribers = 0;
    struct sigaction before {};
};
std::map<int, Caught>& caught() {
    static auto* signals = new std::map<int, Caught>;
    return *signals;
}

std::uint64_t bit_of(int signal) {
    switch (signal) {
        case SIGSEGV:
        case SIGBUS:
        case SIGFPE:
        case SIGILL:
            throw std::invalid_argument("hocket: a fault of the program cannot be waited for: signal " +
                                        std::to_string(signal));
        default:
            break;
    }
    if (signal < 1 || signal > 64) throw std::invalid_argument("hocket: no signal " + std::to_string(signal));
    return std::uint64_t{1} << (signal - 1);
}

template <class Visit>
void for_each_signal(std::uint64_t signals, Visit visit) {
    for (; signals != 0; signals &= signals - 1) visit(std::countr_zero(signals) + 1);
}

void release(int signal) noexcept {
    const auto found = caught().find(signal);
    if (--found->second.subscribers > 0) return;
    ::sigaction(signal, &found->second.before, nullptr);
    caught().erase(found);
}

}  // namespace

SignalSource::SignalSource(const std::vector<int>& numbers) {
    for (const int number : numbers) wanted_ |= bit_of(number);
    event_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (event_ < 0) throw_errno("hocket: open an eventfd for signals");
    FdGuard guard(event_);
    descriptor_ = new Descriptor(event_, false);
    guard.release();
    try {
        subscribe();
    } catch (...) {
        end();
        throw;
    }
}

bool SignalSource::any() noexcept {
    return std::any_of(std::begin(subscribers), std::end(subscribers),
                       [](const auto& place) { return place.load(std::memory_order_relaxed) != nullptr; });
}

void SignalSource::end() noexcept {
    unsubscribe();
    if (auto* descriptor = std::exchange(descriptor_, nullptr)) descriptor->close();
}

void SignalSource::subscribe() {
    const std::scoped_lock guard(table_mutex);
    std::size_t place = 0;
    while (place < kSubscribers && subscribers[place].load(std::memory_order_relaxed)) ++place;
    if (place == kSubscribers) {
        wanted_ = 0;  // nothing to be released
        throw std::runtime_error("hocket: 64 parts of this program wait for signals; let one tell the others");
    }
    subscribers[place].store(this, std::memory_order_seq_cst);
    std::uint64_t done = 0;
    try {
        for_each_signal(wanted_, [&](int signal) {
            Caught& entry = caught()[signal];
            if (entry.subscribers == 0) {
                struct sigaction action {};
                action.sa_handler = handle;
                action.sa_flags = SA_RESTART;
                ::sigfillset(&action.sa_mask);
                if (::sigaction(signal, &action, &entry.before) < 0) {
                    caught().erase(signal);
                    throw_errno(("hocket: catch signal " + std::to_string(signal)).c_str());
                }
            }
            ++entry.subscribers;
            done |= bit_of(signal);
        });
    } catch (...) {
        for_each_signal(done, release);
        leave_table();
        throw;
    }
}

void SignalSource::unsubscribe() noexcept {
    const std::scoped_lock guard(table_mutex);
    for_each_signal(wanted_, release);
    leave_table();
}

void SignalSource::leave_table() noexcept {
    for (auto& place : subscribers) {
        if (place.load(std::memory_order_relaxed) == this) place.store(nullptr, std::memory_order_seq_cst);
    }
    while (handlers.load(std::memory_order_seq_cst) != 0) ::sched_yield();
    wanted_ = 0;
}

void SignalSource::handle(int signal) noexcept {
    const int error = errno;
    const std::uint64_t bit = std::uint64_t{1} << (signal - 1);
    handlers.fetch_add(1, std::memory_order_seq_cst);
    for (auto& place : subscribers) {
        SignalSource* source = place.load(std::memory_order_seq_cst);
        if (!source || !(source->wanted_ & bit)) continue;
        source->pending_.fetch_or(bit, std::memory_order_release);
        const std::uint64_t one = 1;
        (void)!::write(source->event_, &one, sizeof one);
    }
    handlers.fetch_sub(1, std::memory_order_seq_cst);
    errno = error;
}

int SignalSource::take() noexcept {
    const std::uint64_t pending = pending_.load(std::memory_order_acquire);
    if (pending == 0) return 0;
    const int lowest = std::countr_zero(pending);
    pending_.fetch_and(~(std::uint64_t{1} << lowest), std::memory_order_acq_rel);
    return lowest + 1;
}

Descriptor& SignalSource::descriptor() const { return require_open(descriptor_); }

void SignalSource::clear() noexcept {
    std::uint64_t count = 0;
    (void)!::read(event_, &count, sizeof count);
    descriptor_->found_empty();
}

namespace {

Task<int> next_signal(std::shared_ptr<SignalSource> source) {
    for (;;) {
        Descriptor& descriptor = source->descriptor();
        if (const int signal = source->take()) co_return signal;
        co_await Readiness(descriptor, IoVerb::wait_readable);
        // It may have been readable already when the Signals were destroyed.
        if (source->ended()) throw std::system_error(ECANCELED, std::generic_category(), "hocket: wait for a signal");
        source->clear();
    }
}

}  // namespace
}  // namespace detail

Signals::Signals(const std::vector<int>& numbers) : source_(std::make_shared<detail::SignalSource>(numbers)) {}

Signals& Signals::operator=(Signals&& other) noexcept {
    Signals taken(std::move(other));
    std::swap(source_, taken.source_);
    return *this;
}

Signals::~Signals() {
    if (source_) source_->end();
}

Task<int> Signals::next() { return detail::next_signal(source_); }

}  // namespace hocket
