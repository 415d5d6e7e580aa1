// Host names for tests: what the library asks getaddrinfo() about names that end in ".test" is answered here.
#pragma once
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace hocket::test {

/// Answers for names under ".test", which exist nowhere else (RFC 6761), as long as it lives; one at a time. A test
/// cannot configure the system's resolver, so this program has a getaddrinfo() of its own, which passes all other names
/// on to the system. Thread-safe.
class NameService {
public:
    /// From names to numeric addresses; other names are unknown.
    NameService(std::initializer_list<std::pair<const std::string, std::vector<std::string>>> names);
    NameService(const NameService&) = delete;
    NameService& operator=(const NameService&) = delete;
    /// Waits until all questions are answered.
    ~NameService();

    /// From now on questions wait for release(), as with a slow name server.
    void hold();
    void release();
    /// Blocks until this many questions have been asked in all.
    void wait_for_questions(int count);
    /// Blocks until all questions are answered.
    void wait_for_answers();
    int questions() const;
    /// How many questions have waited at the same time, at most.
    int most_at_once() const;
};

}  // namespace hocket::test
