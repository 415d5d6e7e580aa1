// Password hashing with scrypt (RFC 7914), on one thread and on a pool: work that scales with the processors.
//
//     passwords [COUNT]
#include <hocket/futures.hpp>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <chrono>
#include <iomanip>
#include <iostream>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "../arguments.hpp"

namespace hk = hocket;

struct Cost {
    std::uint64_t n = 2048, r = 8, p = 1;
};

std::string scrypt(std::string_view password, std::string_view salt, Cost cost, std::size_t size = 64) {
    std::string digest(size, '\0');
    constexpr std::uint64_t kMemory = 1 << 30;
    if (EVP_PBE_scrypt(password.data(), password.size(), reinterpret_cast<const unsigned char*>(salt.data()),
                       salt.size(), cost.n, cost.r, cost.p, kMemory, reinterpret_cast<unsigned char*>(digest.data()),
                       size) != 1)
        throw std::runtime_error("scrypt refused its parameters");
    return digest;
}

std::string hexadecimal(std::string_view bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (const char byte : bytes) {
        text += kDigits[static_cast<unsigned char>(byte) >> 4];
        text += kDigits[static_cast<unsigned char>(byte) & 15];
    }
    return text;
}

// What is kept of a password: a salt of its own and the digest, which is enough to check it later.
struct Stored {
    std::string salt;
    std::string digest;
};

Stored store(std::string_view password) {
    std::array<unsigned char, 16> random;
    if (RAND_bytes(random.data(), random.size()) != 1) throw std::runtime_error("no randomness");
    std::string salt(random.begin(), random.end());
    std::string digest = scrypt(password, salt, Cost());
    return {std::move(salt), std::move(digest)};
}

bool matches(const Stored& stored, std::string_view password) {
    return scrypt(password, stored.salt, Cost()) == stored.digest;
}

std::vector<std::string> random_passwords(std::size_t count) {
    std::mt19937 random(42);  // of the example; real ones come from people
    std::uniform_int_distribution<int> letter('a', 'z');
    std::vector<std::string> passwords(count, std::string(10, ' '));
    for (std::string& password : passwords) {
        for (char& c : password) c = static_cast<char>(letter(random));
    }
    return passwords;
}

template <class Work>
double seconds(Work work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

int main(int argc, char** argv) {
    Arguments arguments(argc, argv, "passwords [COUNT]");
    const auto count = arguments.number<std::size_t>("COUNT", 200, 1, 100'000'000);
    arguments.end();

    // The test vectors of RFC 7914, section 12 (their first bytes).
    std::cout << hexadecimal(scrypt("", "", {16, 1, 1})).substr(0, 16) << '\n'
              << hexadecimal(scrypt("password", "NaCl", {1024, 8, 16})).substr(0, 16) << '\n'
              << hexadecimal(scrypt("pleaseletmein", "SodiumChloride", {16384, 8, 1})).substr(0, 16) << '\n';

    const std::vector<std::string> passwords = random_passwords(count);
    std::vector<Stored> stored;
    const double alone = seconds([&] {
        for (const std::string& password : passwords) stored.push_back(store(password));
    });
    std::cout << stored.size() << " digests by one thread\n";

    hk::ThreadPool pool({.max_workers = std::max(1u, std::thread::hardware_concurrency())});
    std::vector<Stored> by_pool;
    const double together = seconds([&] {
        for (Stored& one : pool.map([](const std::string& password) { return store(password); }, passwords))
            by_pool.push_back(std::move(one));
    });
    std::cout << by_pool.size() << " digests by " << pool.concurrency() << " threads\n";
    std::cout << "speed-up: " << std::fixed << std::setprecision(2) << alone / together << '\n';
    std::cout << "the first " << (matches(by_pool[0], passwords[0]) ? "matches" : "does not match")
              << " its password, and " << (matches(by_pool[0], "guess") ? "matches" : "does not match") << " another\n";
}
