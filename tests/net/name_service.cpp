#include "net/name_service.hpp"

#include <dlfcn.h>
#include <netdb.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string_view>

namespace hocket::test {
namespace {

using GetAddrInfo = int(const char*, const char*, const addrinfo*, addrinfo**);

GetAddrInfo& of_the_system() {
    static auto* function = reinterpret_cast<GetAddrInfo*>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    return *function;
}

struct State {
    std::mutex mutex;
    std::condition_variable changed;
    bool serving = false;
    bool held = false;
    std::map<std::string, std::vector<std::string>> names;
    int questions = 0;
    int waiting = 0;
    int most_waiting = 0;
};
State& the_state() {
    static auto* state = new State;  // never destroyed: look-ups may outlive main()
    return *state;
}

int answer(const std::string& name, const char* service, const addrinfo* hints, addrinfo** result) {
    State& state = the_state();
    std::unique_lock lock(state.mutex);
    ++state.questions;
    state.most_waiting = std::max(state.most_waiting, ++state.waiting);
    state.changed.notify_all();
    state.changed.wait(lock, [&] { return !state.held; });
    addrinfo numeric = *hints;
    numeric.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    addrinfo** end = result;
    *end = nullptr;
    for (const std::string& host : state.names[name]) {
        if (const int error = of_the_system()(host.c_str(), service, &numeric, end); error != 0) return error;
        end = &(*end)->ai_next;
    }
    --state.waiting;
    state.changed.notify_all();
    return *result ? 0 : EAI_NONAME;
}

}  // namespace

NameService::NameService(std::initializer_list<std::pair<const std::string, std::vector<std::string>>> names) {
    State& state = the_state();
    std::scoped_lock guard(state.mutex);
    if (std::exchange(state.serving, true)) throw std::logic_error("there is a NameService already");
    state.names = names;
    state.questions = state.most_waiting = 0;
}

NameService::~NameService() {
    release();
    wait_for_answers();
    State& state = the_state();
    std::scoped_lock guard(state.mutex);
    state.serving = false;
    state.names.clear();
}

void NameService::hold() {
    State& state = the_state();
    std::scoped_lock guard(state.mutex);
    state.held = true;
}

void NameService::release() {
    State& state = the_state();
    std::scoped_lock guard(state.mutex);
    state.held = false;
    state.changed.notify_all();
}

void NameService::wait_for_questions(int count) {
    State& state = the_state();
    std::unique_lock lock(state.mutex);
    state.changed.wait(lock, [&] { return state.questions >= count; });
}

void NameService::wait_for_answers() {
    State& state = the_state();
    std::unique_lock lock(state.mutex);
    state.changed.wait(lock, [&] { return state.waiting == 0; });
}

int NameService::questions() const {
    State& state = the_state();
    std::scoped_lock guard(state.mutex);
    return state.questions;
}

int NameService::most_at_once() const {
    State& state = the_state();
    std::scoped_lock guard(state.mutex);
    return state.most_waiting;
}

}  // namespace hocket::test

// Takes the place of the C library's in this program.
extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** result) {
    const std::string_view name = node ? node : "";
    const bool only_numbers = hints && (hints->ai_flags & AI_NUMERICHOST) != 0;
    if (name.ends_with(".test") && !only_numbers)
        return hocket::test::answer(std::string(name), service, hints, result);
    return hocket::test::of_the_system()(node, service, hints, result);
}
