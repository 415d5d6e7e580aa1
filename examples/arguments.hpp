// What a program is told on its command line: numbers and words, in their order. What cannot be right ends the program
// with a message and code 2.
#pragma once
#include <charconv>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>

class Arguments {
public:
    // `usage`: "program [NUMBER [WORD]]"
    Arguments(int argc, char** argv, std::string usage) : next_(argv + 1), end_(argv + argc), usage_(std::move(usage)) {
        if (next_ > end_) next_ = end_;  // a program may even be started without its name
    }

    const std::string& usage() const { return usage_; }
    bool empty() const { return next_ == end_; }
    // The next argument; empty if there is none.
    std::string word() { return empty() ? std::string() : *next_++; }
    // The next argument if it is `name`.
    bool take(std::string_view name) {
        if (empty() || *next_ != name) return false;
        ++next_;
        return true;
    }
    // The next argument as a number; `otherwise` if there is none.
    template <class Number>
    Number number(std::string_view name, Number otherwise, Number least, Number most) {
        if (empty()) return otherwise;
        const std::string_view text = *next_++;
        Number value{};
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error == std::errc() && end == text.data() + text.size() && least <= value && value <= most) return value;
        std::ostringstream range;
        range << least << " to " << most;
        refuse(std::string(name) + " is a number from " + range.str() + ", and \"" + std::string(text) + "\" is not");
    }
    // Nothing more may follow.
    void end() {
        if (!empty()) refuse("\"" + std::string(*next_) + "\" is one argument too many");
    }
    [[noreturn]] void refuse(const std::string& why) const {
        std::cerr << why << "\nusage: " << usage_ << '\n';
        std::exit(2);
    }

private:
    char** next_;
    char** end_;
    std::string usage_;
};
