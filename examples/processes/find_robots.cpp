// Which hosts have asked for /robots.txt? Many compressed logs of a web server, looked through one after another and by
// a pool of processes, in each of the ways that a pool has. A line that makes no sense is counted and passed over.
//
//     find_robots FOLDER            looks through FOLDER/*.log.gz
//     find_robots --make FOLDER [LINES]   writes such logs, with some nonsense in them
#include <hocket/futures.hpp>
#include <hocket/process.hpp>

#include <zlib.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <iomanip>
#include <iostream>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "../arguments.hpp"

namespace hk = hocket;

// What was found in one log, or in all.
struct Findings {
    std::set<std::string> hosts;
    long lines = 0;
    long nonsense = 0;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(hosts, lines, nonsense);
    }
    void add(const Findings& more) {
        hosts.insert(more.hosts.begin(), more.hosts.end());
        lines += more.lines;
        nonsense += more.nonsense;
    }
};

// The text between blanks and quotes that a line of Apache's common format has: host - - [time] "GET path HTTP/1.1" ...
bool look_at(std::string_view line, Findings& findings) {
    const std::size_t host_end = line.find(' ');
    const std::size_t request = line.find('"');
    if (host_end == std::string_view::npos || request == std::string_view::npos) return false;
    const std::size_t path = line.find(' ', request);
    if (path == std::string_view::npos) return false;
    const std::size_t path_end = line.find(' ', path + 1);
    if (path_end == std::string_view::npos) return false;
    if (line.substr(path + 1, path_end - path - 1) == "/robots.txt") findings.hosts.emplace(line.substr(0, host_end));
    return true;
}

Findings find_robots(const std::string& file) {
    const std::unique_ptr<gzFile_s, int (*)(gzFile)> log(::gzopen(file.c_str(), "rb"), ::gzclose);
    if (!log) throw std::runtime_error("cannot open " + file);
    Findings findings;
    std::string line(64 * 1024, '\0');
    while (::gzgets(&*log, line.data(), static_cast<int>(line.size()))) {
        ++findings.lines;
        if (!look_at(std::string_view(line.c_str()), findings)) ++findings.nonsense;
    }
    int error = Z_OK;
    const char* why = ::gzerror(&*log, &error);
    if (error != Z_OK && error != Z_STREAM_END) throw std::runtime_error(why);  // which names the file
    return findings;
}

// The same in the calling process, by map, by submit, and by callbacks.

Findings here(const std::vector<std::string>& files) {
    Findings all;
    for (const std::string& file : files) all.add(find_robots(file));
    return all;
}

Findings by_map(hk::ProcessPool& pool, const std::vector<std::string>& files) {
    Findings all;
    for (const Findings& each : pool.map(find_robots, files)) all.add(each);
    return all;
}

Findings by_submit(hk::ProcessPool& pool, const std::vector<std::string>& files) {
    std::vector<hk::Future<Findings>> futures;
    for (const std::string& file : files) futures.push_back(pool.submit(find_robots, file));
    Findings all;
    for (const auto& future : hk::as_completed(futures)) all.add(future.result());
    return all;
}

Findings by_callback(hk::ProcessPool& pool, const std::vector<std::string>& files) {
    Findings all;
    std::mutex mutex;  // callbacks come on the pool's thread, or on this one
    std::vector<hk::Future<Findings>> futures;
    for (const std::string& file : files) {
        futures.push_back(pool.submit(find_robots, file));
        futures.back().add_done_callback([&](hk::Future<Findings>& future) {
            const std::scoped_lock guard(mutex);
            all.add(future.result());
        });
    }
    pool.shutdown();
    return all;
}

void make_logs(const std::filesystem::path& folder, int lines) {
    std::filesystem::create_directories(folder);
    for (int file = 0; file < 8; ++file) {
        const std::string name = folder / ("access-" + std::to_string(file) + ".log.gz");
        const std::unique_ptr<gzFile_s, int (*)(gzFile)> log(::gzopen(name.c_str(), "wb1"), ::gzclose);
        if (!log) throw std::runtime_error("cannot write " + name);
        for (int i = 0; i < lines; ++i) {
            const int host = (i * 7 + file) % 256;
            const char* path = i % 1000 == file ? "/robots.txt" : "/index.html";
            ::gzprintf(&*log, "10.0.%d.%d - - [29/Nov/2026:14:00:00 +0000] \"GET %s HTTP/1.1\" 200 1234\n", file, host,
                       path);
            if (i % 5000 == 0) ::gzputs(&*log, "no quotes here\n");
            if (i % 5000 == 1) ::gzputs(&*log, "caf\xe9 - - \"GET\n");
        }
    }
}

int main(int argc, char** argv) {
    hk::init(argc, argv);
    Arguments arguments(argc, argv, "find_robots FOLDER | find_robots --make FOLDER [LINES]");
    const bool make = arguments.take("--make");
    const std::string folder = arguments.word();
    if (folder.empty()) arguments.refuse("a FOLDER is needed");
    const int lines = make ? arguments.number("LINES", 200'000, 1, 100'000'000) : 0;
    arguments.end();
    if (make) {
        make_logs(folder, lines);
        return 0;
    }
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().string().ends_with(".log.gz")) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());

    const auto seconds = [](auto&& work) {
        const auto start = std::chrono::steady_clock::now();
        work();
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    };
    try {
        Findings expected;
        const double alone = seconds([&] { expected = here(files); });
        for (const std::string& host : expected.hosts) std::cout << host << '\n';
        std::cout << files.size() << " logs, " << expected.lines << " lines, " << expected.nonsense
                  << " without sense, " << expected.hosts.size() << " hosts\n";
        const auto same = [&](const Findings& found) {
            return found.hosts == expected.hosts ? "the same" : "not the same";
        };
        {
            hk::ProcessPool pool;
            std::cout << "submit: " << same(by_submit(pool, files)) << '\n';
            std::cout << "callback: " << same(by_callback(pool, files)) << '\n';
        }
        std::cout << std::fixed << std::setprecision(2);
        for (unsigned workers = 1; workers <= std::max(1u, std::thread::hardware_concurrency()); ++workers) {
            hk::ProcessPool pool(workers);
            Findings found;
            const double together = seconds([&] { found = by_map(pool, files); });
            std::cout << "map by " << workers << ": " << same(found) << ", speed-up " << alone / together << '\n';
        }
    } catch (const hk::RemoteError& error) {
        std::cerr << "find_robots: " << error.message() << '\n';
        return 1;
    } catch (const std::exception& error) {
        std::cerr << "find_robots: " << error.what() << '\n';
        return 1;
    }
}
