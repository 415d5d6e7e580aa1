// `hocket serve`, started for a test.
#pragma once
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "tool/tool.hpp"

namespace hocket::testing {

// `hocket serve --port 0 ARGUMENTS...` up to the moment when it listens.
class Serving {
public:
    explicit Serving(std::vector<std::string> arguments = {}) {
        arguments.insert(arguments.begin(), {"serve", "--port", "0"});
        tool_ = std::make_unique<Tool>(std::move(arguments));
        if (!tool_->wait_for_output("\n", kLimit)) throw std::runtime_error("hocket serve does not start");
        const std::string marker = "listening on ";
        const std::size_t begin = tool_->output.find(marker) + marker.size();
        url_ = tool_->output.substr(begin, tool_->output.find(' ', begin) - begin);
    }
    const std::string& url() const { return url_; }
    std::uint16_t port() const { return static_cast<std::uint16_t>(std::stoi(url_.substr(url_.rfind(':') + 1))); }
    Tool& tool() { return *tool_; }

private:
    std::unique_ptr<Tool> tool_;
    std::string url_;
};

}  // namespace hocket::testing
