// The example programs, run as their readers do.
#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "child_process.hpp"

namespace hocket::testing {

// An example that has been run to its end, in an environment with `variables` ("NAME=value") added.
class Example {
public:
    explicit Example(const std::string& name, const std::vector<std::string>& arguments = {},
                     const std::vector<std::string>& variables = {}) {
        std::vector<std::string> command{"env"};
        command.insert(command.end(), variables.begin(), variables.end());
        command.push_back(std::string(HOCKET_EXAMPLES) + "/" + name);
        command.insert(command.end(), arguments.begin(), arguments.end());
        ChildProcess process(command);
        if (!process.wait_for(std::chrono::seconds(50))) ADD_FAILURE() << name << " does not end:\n" << process.output;
        code = process.status();
        output = process.output;
        errors = process.errors;
    }
    int code = -1;
    std::string output;
    std::string errors;
};

inline void expect_lines(const Example& run, const std::string& lines) {
    EXPECT_EQ(run.output, lines);
    EXPECT_EQ(run.errors, "");
    EXPECT_EQ(run.code, 0);
}

inline std::size_t occurrences(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++count;
    return count;
}

// The number after `label`.
inline double number_after(const std::string& text, const std::string& label) {
    const std::size_t at = text.find(label);
    if (at == std::string::npos) {
        ADD_FAILURE() << "no \"" << label << "\" in:\n" << text;
        return 0;
    }
    return std::stod(text.substr(at + label.size()));
}

}  // namespace hocket::testing
