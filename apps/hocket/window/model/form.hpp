#pragma once

#include <optional>
#include <string>
#include <vector>

#include "load/options.hpp"

namespace hocket::window {

// What a user has filled in, as text.
class FormText {
public:
    FormText() = default;
    std::string url;
    bool by_duration = false;  // which of the next two counts
    std::string requests;
    std::string duration;
    std::string connections;
    std::string method;   // empty: GET, or POST with a body
    std::string headers;  // one a line
    std::string body;     // empty: none
    std::string threads;  // empty: one per core
    std::string timeout;
    bool insecure = false;
};

enum class Field : std::uint8_t { url, requests, duration, connections, method, headers, body, threads, timeout };

// What is wrong with a field, in words for the place beside it.
class Complaint {
public:
    Complaint(Field at, std::string why) : field(at), text(std::move(why)) {}
    Field field;
    std::string text;
};

// What is not in the form: a body that is no text, from the command line.
class FormExtras {
public:
    FormExtras() = default;
    std::optional<std::string> body;      // takes the place of the form's
    std::string data_file;                // where it came from
    std::optional<load::Url> own_target;  // what this process serves: a test of that needs twice the descriptors
};

// The form of these options.
FormText form_of(const load::LoadOptions& options);

// The test that the form asks for; or everything that is wrong with it, which is told and not thrown.
std::optional<load::LoadOptions> options_of(const FormText& form, const FormExtras& extras,
                                            const load::Machine& machine, std::vector<Complaint>& complaints);

}  // namespace hocket::window
