// Sorts words by another program and counts what it gives back, as a shell's pipe would, with the program's streams in
// both directions at the same time; then a program that does not end by itself is stopped.
//
//     pipeline WORD...
#include <hocket/net.hpp>

#include <chrono>
#include <iostream>
#include <string>

namespace hk = hocket;
using namespace std::chrono_literals;

hk::Task<std::string> sorted(std::string words) {
    hk::SubprocessOptions options;
    options.in = options.out = hk::Redirect::pipe();
    options.environment = hk::current_environment();
    (*options.environment)["LC_ALL"] = "C";
    hk::Subprocess sort = co_await hk::create_subprocess_exec(options, "sort", "--unique");
    const hk::ProcessOutput output = co_await sort.communicate(std::move(words));
    if (output.returncode != 0) throw std::runtime_error("sort failed: " + std::to_string(output.returncode));
    co_return output.out;
}

hk::Task<void> stop_a_sleeper() {
    hk::Subprocess sleeper = co_await hk::create_subprocess_exec("sleep", "1000");
    try {
        co_await hk::timeout(100ms, sleeper.wait());
    } catch (const hk::TimeoutError&) {
        std::cout << "the sleeper takes too long\n";
    }
    const int code = co_await sleeper.stop(2s);  // asks it to end, and kills it after two seconds
    std::cout << "it was ended by signal " << -code << '\n';
}

hk::Task<void> show(std::string words) {
    const std::string unique = co_await sorted(std::move(words));
    std::cout << unique;
    co_await stop_a_sleeper();
}

int main(int argc, char** argv) {
    std::string words;
    for (int i = 1; i < argc; ++i) words += std::string(argv[i]) + "\n";
    hk::run(show(words));
}
