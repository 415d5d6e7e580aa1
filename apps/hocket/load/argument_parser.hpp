#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hocket::load {

// The one of `words` that `word` was probably meant to be, if any is near enough.
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& words);

// The options of one command: declare them, parse(), then ask for them by their long name, such as "--requests". All
// that ask throw std::invalid_argument that names the option and says what is wrong. Values are those of the last time
// the option was given.
class ArgumentParser {
public:
    // `usage` is the command line in short, `footer` follows the options in the help text.
    ArgumentParser(std::string_view usage, std::string_view description, std::string_view footer);
    ArgumentParser(ArgumentParser&&) noexcept;
    ~ArgumentParser();

    // The options declared from here on appear under this heading.
    void group(std::string_view heading);
    // `names` as in "-n,--requests" or, for the one positional argument, "URL".
    void value(const std::string& names, std::string_view type, std::string_view description);
    void flag(const std::string& names, std::string_view description);

    void parse(const std::vector<std::string>& arguments);
    std::string help() const;

    bool given(const std::string& name) const;
    const std::vector<std::string>& all(const std::string& name) const;  // as often as given
    std::optional<std::string> text(const std::string& name) const;
    std::optional<std::uint64_t> whole_number(const std::string& name, std::uint64_t least, std::uint64_t most) const;
    std::optional<std::chrono::nanoseconds> duration(const std::string& name) const;  // may be 0
    std::optional<std::uint64_t> byte_size(const std::string& name, std::uint64_t most) const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace hocket::load
