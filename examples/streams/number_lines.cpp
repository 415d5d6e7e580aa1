// Numbers the lines of its standard input. A coroutine waits for each line inside another coroutine, and the loop has
// time for others meanwhile: here for a count of the seconds that nothing came.
//
//     number_lines < FILE
#include <hocket/net.hpp>

#include <unistd.h>

#include <chrono>
#include <iostream>
#include <string>

namespace hk = hocket;
using namespace std::chrono_literals;

// A sub-coroutine with a result. The last line may lack its end; after it comes nothing.
hk::Task<bool> number_one(hk::Stream& input, int number) {
    const auto line = co_await input.read_line();
    if (!line) co_return false;
    std::cout << number << '\t' << *line << '\n' << std::flush;
    co_return true;
}

hk::Task<void> number_lines(int& lines) {
    hk::Stream input = hk::stream_from_descriptor(::dup(STDIN_FILENO));
    for (bool more = true; more;) {
        more = co_await number_one(input, lines + 1);
        if (more) ++lines;
    }
}

hk::Task<void> count_seconds(int& seconds) {
    for (;; ++seconds) co_await hk::sleep(1s);
}

hk::Task<void> number_all() {
    int lines = 0;
    int seconds = 0;
    co_await hk::race(number_lines(lines), count_seconds(seconds));  // which ends the loser before it returns
    std::cerr << lines << " lines, " << seconds << " s of waiting\n";
}

int main() { hk::run(number_all()); }
