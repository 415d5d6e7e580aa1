#include "argument_parser.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <stdexcept>

#include "byte_size.hpp"
#include "duration.hpp"
#include "whole_number.hpp"

namespace hocket::load {
namespace {

constexpr std::size_t description_column = 26;

// "  -n, --requests N", or "      --timeout TIME" where there is no short form.
std::string left_column(const CLI::Option& option) {
    std::string left = option.get_snames().empty() ? "      " : fmt::format("  -{}, ", option.get_snames().front());
    left += "--" + option.get_lnames().front();
    if (option.get_items_expected_max() > 0) left += " " + option.get_type_name();
    return left;
}

std::string indented(std::string_view text) {
    std::string result;
    for (const char c : text) {
        result += c;
        if (c == '\n') result.append(description_column, ' ');
    }
    return result;
}

// Optimal string alignment: insertions, deletions, replacements and swaps of neighbours that turn a into b.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) {
        for (std::size_t j = 0; j <= b.size(); ++j) {
            if (i == 0 || j == 0) {
                d[i][j] = i + j;
                continue;
            }
            d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
            const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped) d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
        }
    }
    return d[a.size()][b.size()];
}

}  // namespace

std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& words) {
    std::optional<std::string> best;
    std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3);
    for (const std::string& candidate : words) {
        const bool abbreviated = word.size() > 3 && candidate.starts_with(word);
        const std::size_t candidate_distance = abbreviated ? 0 : distance(word, candidate);
        if (candidate_distance < best_distance) {
            best_distance = candidate_distance;
            best = candidate;
        }
    }
    return best;
}

struct ArgumentParser::Impl {
    CLI::App app;
    std::string usage;
    std::string heading;

    const CLI::Option& option(const std::string& name) const { return *app.get_option(name); }

    [[noreturn]] void refuse_extra(const std::string& argument) const {
        if (!argument.starts_with('-') || argument == "-") {
            throw std::invalid_argument(fmt::format("unexpected argument '{}'", argument));
        }
        std::vector<std::string> names;
        for (const CLI::Option* option : app.get_options()) {
            for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
        }
        const std::string name = argument.substr(0, argument.find('='));
        const std::optional<std::string> meant = name.starts_with("--") ? nearest(name, names) : std::nullopt;
        throw std::invalid_argument(fmt::format(
            "unknown option {}{}", name, meant ? ", did you mean " + *meant + "?" : "; --help lists those there are"));
    }
};

ArgumentParser::ArgumentParser(std::string_view usage, std::string_view description, std::string_view footer)
    : impl_(std::make_unique<Impl>()) {
    impl_->usage = usage;
    impl_->app.description(std::string(description));
    impl_->app.footer(std::string(footer));
    impl_->app.set_help_flag();
}

ArgumentParser::ArgumentParser(ArgumentParser&&) noexcept = default;
ArgumentParser::~ArgumentParser() = default;

void ArgumentParser::group(std::string_view heading) { impl_->heading = heading; }

void ArgumentParser::value(const std::string& names, std::string_view type, std::string_view description) {
    // No variable is bound: CLI11's conversions would see something in "{}" and "[1,2]", which are fine request bodies.
    impl_->app
        .add_option(
            names, [](const CLI::results_t&) { return true; }, std::string(description))
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->type_name(std::string(type))
        ->group(impl_->heading);
}

void ArgumentParser::flag(const std::string& names, std::string_view description) {
    impl_->app.add_flag(names)->description(std::string(description))->group(impl_->heading);
}

void ArgumentParser::parse(const std::vector<std::string>& arguments) {
    std::vector<std::string> reversed;  // as CLI11 takes them
    bool options = true;
    for (const std::string& argument : arguments) {
        options = options && argument != "--";
        // CLI11 would take the next argument as the value of "--name=".
        const bool empty_value = options && argument.starts_with("--") && argument.find('=') == argument.size() - 1;
        reversed.push_back(empty_value ? argument.substr(0, argument.size() - 1) : argument);
        if (empty_value) reversed.emplace_back();
    }
    std::reverse(reversed.begin(), reversed.end());
    try {
        impl_->app.parse(std::move(reversed));
    } catch (const CLI::ExtrasError&) {
        impl_->refuse_extra(impl_->app.remaining().front());
    } catch (const CLI::ArgumentMismatch& error) {
        const std::string what = error.what();
        throw std::invalid_argument(fmt::format("{} needs a value", what.substr(0, what.find(':'))));
    }
}

std::string ArgumentParser::help() const {
    const CLI::App& app = impl_->app;
    std::string text = fmt::format("Usage: {}\n\n{}\n", impl_->usage, app.get_description());
    for (const std::string& heading : app.get_groups()) {
        const std::vector<const CLI::Option*> options =
            app.get_options([&](const CLI::Option* o) { return o->get_group() == heading && o->nonpositional(); });
        if (options.empty()) continue;
        text += fmt::format("\n{}:\n", heading);
        for (const CLI::Option* option : options) {
            text += fmt::format("{:<{}}{}\n", left_column(*option), description_column,
                                indented(option->get_description()));
        }
    }
    return text + fmt::format("\n{}\n", app.get_footer());
}

bool ArgumentParser::given(const std::string& name) const { return impl_->option(name).count() > 0; }

const std::vector<std::string>& ArgumentParser::all(const std::string& name) const {
    return impl_->option(name).results();
}

std::optional<std::string> ArgumentParser::text(const std::string& name) const {
    return given(name) ? std::optional(all(name).back()) : std::nullopt;
}

std::optional<std::uint64_t> ArgumentParser::whole_number(const std::string& name, std::uint64_t least,
                                                          std::uint64_t most) const try {
    return given(name) ? std::optional(parse_whole_number(all(name).back(), least, most)) : std::nullopt;
} catch (const std::invalid_argument& error) {
    throw std::invalid_argument(fmt::format("{}: {}", name, error.what()));
}

std::optional<std::chrono::nanoseconds> ArgumentParser::duration(const std::string& name) const try {
    return given(name) ? std::optional(parse_duration(all(name).back())) : std::nullopt;
} catch (const std::invalid_argument& error) {
    throw std::invalid_argument(fmt::format("{}: {}", name, error.what()));
}

std::optional<std::uint64_t> ArgumentParser::byte_size(const std::string& name, std::uint64_t most) const try {
    if (!given(name)) return std::nullopt;
    const std::uint64_t bytes = parse_byte_size(all(name).back());
    if (bytes <= most) return bytes;
    throw std::invalid_argument(
        fmt::format("'{}' is more than {}", all(name).back(), format_byte_size(static_cast<double>(most))));
} catch (const std::invalid_argument& error) {
    throw std::invalid_argument(fmt::format("{}: {}", name, error.what()));
}

}  // namespace hocket::load
