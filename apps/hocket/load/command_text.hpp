#pragma once

#include <string>

#include "options.hpp"

namespace hocket::load {

// The command line that repeats this run, quoted for a shell. Since reports get shared, "***" stands for the values of
// headers that carry secrets, and user and password of the URL are left out; a long body is abbreviated.
std::string to_command(const LoadOptions& options);

// The header "Name: value" with "***" as value if the name says that it is a secret.
std::string without_secret(const std::string& header);

}  // namespace hocket::load
