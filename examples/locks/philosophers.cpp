// Five philosophers, five chopsticks, and no deadlock: acquire() takes both sticks in one global order. Each eats the
// same number of meals, and then they are done.
//
// Why there can be no circle of waiting: with one global order, each waits for a stick that comes after all that they
// hold, so that along a chain of waiting the sticks only grow, and it never comes back to where it began. That is tried
// at tables laid at random, with up to six philosophers, eight sticks and three for each; a circle would be a
// DeadlockError.
//
//     philosophers [MEALS [TABLES]]
#include <hocket/sync.hpp>
#include <hocket/threading.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <iostream>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "../arguments.hpp"

namespace hk = hocket;

using Sticks = std::array<hk::Lock*, 3>;

void eat_with_acquire(const Sticks& sticks, hk::Barrier& begin) {
    begin.wait();
    for (int meal = 0; meal < 20; ++meal) auto all = hk::acquire(sticks);
}

void eat_stick_by_stick(const Sticks& sticks, hk::Barrier& begin) {
    const auto [first, second, third] = sticks;
    std::unique_lock one(*first, std::try_to_lock);
    begin.wait();  // all have taken their first one by now, or seen that it is taken
    if (!one) one.lock();
    const std::scoped_lock two(*second);
    const std::scoped_lock three(*third);
}

// How many circles of waiting come to be at a table where everybody needs three of the sticks, drawn by lot.
int circles_at(unsigned seed, void (*eat)(const Sticks&, hk::Barrier&)) {
    std::mt19937 random(seed);
    std::deque<hk::Lock> sticks(3 + random() % 6);
    std::vector<hk::Lock*> order;
    for (hk::Lock& stick : sticks) order.push_back(&stick);
    std::atomic<int> circles = 0;
    std::vector<hk::Thread> philosophers;
    const auto seats = 2 + random() % 5;
    hk::Barrier begin(seats);
    for (auto seat = seats; seat > 0; --seat) {
        std::shuffle(order.begin(), order.end(), random);
        const Sticks mine{order[0], order[1], order[2]};
        philosophers.emplace_back([mine, eat, &begin, &circles] {
            try {
                eat(mine, begin);
            } catch (const hk::DeadlockError&) {
                ++circles;  // who would have closed it has put their sticks back
            }
        });
    }
    for (hk::Thread& philosopher : philosophers) philosopher.join();
    return circles;
}

int circles_at_all(unsigned tables, void (*eat)(const Sticks&, hk::Barrier&)) {
    int circles = 0;
    for (unsigned seed = 1; seed <= tables; ++seed) circles += circles_at(seed, eat);
    return circles;
}

int main(int argc, char** argv) {
    Arguments arguments(argc, argv, "philosophers [MEALS [TABLES]]");
    const int meals = arguments.number("MEALS", 1000, 1, 100'000'000);
    const unsigned tables = arguments.number("TABLES", 20U, 0U, 1'000'000U);
    arguments.end();
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
    const std::string laid = std::to_string(tables) + " tables laid at random, ";
    std::cout << laid << "with acquire(): " << circles_at_all(tables, eat_with_acquire) << " circles\n";
    std::cout << laid << "stick by stick: " << circles_at_all(tables, eat_stick_by_stick) << " circles\n";
}
