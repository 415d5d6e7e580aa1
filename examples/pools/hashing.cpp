// How fast SHA-256 goes, by the size of what is hashed and the number of threads. Small inputs pay more for the way to
// another thread than they gain there; so hash them in batches, and only large ones each as a job.
//
//     hashing [MIB]
#include <openssl/evp.h>

#include <hocket/futures.hpp>

#include <array>
#include <chrono>
#include <iomanip>
#include <iostream>
#include <numeric>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "../arguments.hpp"

namespace hk = hocket;

using Digest = std::array<unsigned char, 32>;

Digest sha256(std::span<const unsigned char> data) {
    Digest digest{};
    if (::EVP_Digest(data.data(), data.size(), digest.data(), nullptr, ::EVP_sha256(), nullptr) != 1)
        throw std::runtime_error("SHA-256 is not available");
    return digest;
}

std::string hexadecimal(const Digest& digest) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (const unsigned char byte : digest) {
        text += kDigits[byte >> 4];
        text += kDigits[byte & 15];
    }
    return text;
}

template <class Work>
double seconds(Work work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

int main(int argc, char** argv) {
    Arguments arguments(argc, argv, "hashing [MIB]");
    const auto mib = arguments.number<std::size_t>("MIB", 64, 1, 1'000'000);
    arguments.end();
    std::vector<unsigned char> data(mib * 1024 * 1024);
    std::iota(data.begin(), data.end(), static_cast<unsigned char>(0));

    const std::string abc = "abc";  // the example of FIPS 180-2
    std::cout << hexadecimal(sha256({reinterpret_cast<const unsigned char*>(abc.data()), abc.size()})) << '\n';

    hk::ThreadPool pool(2);
    int wrong = 0;
    for (const std::size_t size : {std::size_t(256), std::size_t(2048), std::size_t(65'536), std::size_t(1'048'576)}) {
        std::vector<std::span<const unsigned char>> inputs;
        for (std::size_t at = 0; at < data.size(); at += size) inputs.push_back(std::span(data).subspan(at, size));

        std::vector<Digest> alone, in_batches(inputs.size()), as_jobs;
        const double alone_took = seconds([&] {
            for (const auto& input : inputs) alone.push_back(sha256(input));
        });
        const double in_batches_took = seconds([&] {
            hk::parallel_for(pool, inputs, [&](const std::span<const unsigned char>& input) {
                in_batches[static_cast<std::size_t>(&input - inputs.data())] = sha256(input);
            });
        });
        const double as_jobs_took = seconds([&] {
            std::vector<hk::Future<Digest>> futures;
            for (const auto& input : inputs) futures.push_back(pool.submit(sha256, input));
            for (hk::Future<Digest>& future : futures) as_jobs.push_back(future.result());
        });
        wrong += in_batches != alone;
        wrong += as_jobs != alone;
        const double mibs = static_cast<double>(mib);
        std::cout << std::fixed << std::setprecision(0) << size << " bytes, MiB/s: one thread " << mibs / alone_took
                  << ", two threads in batches " << mibs / in_batches_took << ", each as a job " << mibs / as_jobs_took
                  << '\n';
    }
    std::cout << wrong << " wrong\n";
}
