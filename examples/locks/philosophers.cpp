// Five philosophers, five chopsticks, and no deadlock: acquire() takes both sticks in one global order. Each eats the
// same number of meals, and then they are done.
//
//     philosophers [MEALS]
#include <hocket/sync.hpp>
#include <hocket/threading.hpp>

#include <array>
#include <iostream>
#include <string>
#include <vector>

namespace hk = hocket;

int main(int argc, char** argv) {
    const int meals = argc > 1 ? std::stoi(argv[1]) : 1000;
    constexpr std::size_t kSeats = 5;
    std::array<hk::Lock, kSeats> sticks;
    std::array<int, kSeats> eaten{};

    {
        std::vector<hk::Thread> philosophers;
        for (std::size_t seat = 0; seat < kSeats; ++seat) {
            philosophers.emplace_back([&, seat] {
                hk::Lock& left = sticks[seat];
                hk::Lock& right = sticks[(seat + 1) % kSeats];
                while (eaten[seat] < meals) {
                    auto both = hk::acquire(left, right);
                    ++eaten[seat];
                }
            });
        }
        for (hk::Thread& philosopher : philosophers) philosopher.join();
    }
    for (std::size_t seat = 0; seat < kSeats; ++seat)
        std::cout << "philosopher " << seat << " has eaten " << eaten[seat] << " times\n";
}
