#include "model/form.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hocket::window {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr load::Machine machine{.cores = 4, .descriptors = 1024};

FormText good_form() {
    FormText form;
    form.url = "http://127.0.0.1:8080/";
    form.requests = "1000";
    form.duration = "10s";
    form.connections = "50";
    form.timeout = "30s";
    return form;
}

load::LoadOptions accepted(const FormText& form, const FormExtras& extras = FormExtras()) {
    std::vector<Complaint> complaints;
    const auto options = options_of(form, extras, machine, complaints);
    for (const Complaint& complaint : complaints) ADD_FAILURE() << complaint.text;
    return options.value_or(load::LoadOptions());
}

// The complaints, which must all be about `field`, as one text.
std::string refused(const FormText& form, Field field) {
    std::vector<Complaint> complaints;
    EXPECT_FALSE(options_of(form, FormExtras(), machine, complaints));
    std::string text;
    for (const Complaint& complaint : complaints) {
        EXPECT_EQ(complaint.field, field) << complaint.text;
        text += complaint.text;
    }
    return text;
}

TEST(Form, asks_for_a_number_of_requests) {
    FormText form = good_form();
    form.requests = " 1000\n";
    form.duration = "nonsense, which does not count";
    const load::LoadOptions options = accepted(form);
    EXPECT_EQ(options.requests, 1000u);
    EXPECT_EQ(options.duration, std::nullopt);
    EXPECT_EQ(options.connections, 50u);
    EXPECT_EQ(options.threads, 4u);
    EXPECT_EQ(options.timeout, 30s);
    EXPECT_EQ(options.request.method, "GET");
    EXPECT_EQ(options.url->to_string(), "http://127.0.0.1:8080/");
}

TEST(Form, asks_for_a_duration) {
    FormText form = good_form();
    form.by_duration = true;
    form.requests = "";
    form.duration = "1m30s";
    const load::LoadOptions options = accepted(form);
    EXPECT_EQ(options.duration, 90s);
    EXPECT_EQ(options.requests, std::nullopt);
}

TEST(Form, has_no_more_connections_than_requests_and_threads_than_connections) {
    FormText form = good_form();
    form.requests = "3";
    EXPECT_EQ(accepted(form).connections, 3u);
    EXPECT_EQ(accepted(form).threads, 3u);
}

TEST(Form, refuses_numbers_of_requests_that_are_none) {
    for (const char* text : {"0", "abc", "12x", "-5", "1.5", "99999999999999999999", "1,000"}) {
        FormText form = good_form();
        form.requests = text;
        EXPECT_EQ(refused(form, Field::requests), std::string("'") + text + "' is not a whole number of 1 or more");
    }
    FormText form = good_form();
    form.requests = " ";
    EXPECT_EQ(refused(form, Field::requests), "how many? for example 10000");
}

TEST(Form, refuses_urls_that_are_none) {
    FormText form = good_form();
    form.url = "";
    EXPECT_THAT(refused(form, Field::url), HasSubstr("for example http://127.0.0.1:8080/"));
    for (const char* text : {"ftp://a/", "http://", "http://a:99999/", "http://a b/"}) {
        form.url = text;
        EXPECT_THAT(refused(form, Field::url), ::testing::Not(IsEmpty())) << text;
    }
}

TEST(Form, refuses_more_connections_than_files_may_be_open) {
    FormText form = good_form();
    form.requests = "100000";
    form.connections = "2000";
    EXPECT_THAT(refused(form, Field::connections), HasSubstr("2000 are too many, the limit of 1024 open files"));
    form.connections = "0";
    EXPECT_THAT(refused(form, Field::connections), HasSubstr("'0' is not a whole number"));
    // A target in the same process needs as many again.
    form.connections = "600";
    EXPECT_EQ(accepted(form).connections, 600u);
    FormExtras extras;
    extras.own_target = load::parse_url(form.url);
    std::vector<Complaint> complaints;
    EXPECT_FALSE(options_of(form, extras, machine, complaints));
    EXPECT_EQ(complaints.size(), 1u);
    // Another one does not, though the target is there.
    form.url = "http://127.0.0.1:8081/";
    EXPECT_EQ(accepted(form, extras).connections, 600u);
}

TEST(Form, refuses_times_that_are_none) {
    FormText form = good_form();
    form.timeout = "0";
    EXPECT_EQ(refused(form, Field::timeout), "it must be longer than 0");
    form = good_form();
    form.by_duration = true;
    form.duration = "10 parsecs";
    EXPECT_THAT(refused(form, Field::duration), HasSubstr("write for example 250ms, 30s"));
}

TEST(Form, refuses_requests_that_cannot_be_made) {
    FormText form = good_form();
    form.method = "GE T";
    EXPECT_THAT(refused(form, Field::method), ::testing::Not(IsEmpty()));
    form.method = "CONNECT";
    EXPECT_THAT(refused(form, Field::method), HasSubstr("cannot be load-tested"));
    form = good_form();
    form.headers = "Accept: text/html\nno colon\n";
    EXPECT_THAT(refused(form, Field::headers), HasSubstr("there is no colon"));
    form.headers = "Content-Length: 7";
    form.body = "four";
    EXPECT_THAT(refused(form, Field::headers), HasSubstr("the body has 4 bytes"));
}

TEST(Form, tells_everything_that_is_wrong_at_once) {
    FormText form;
    std::vector<Complaint> complaints;
    EXPECT_FALSE(options_of(form, FormExtras(), machine, complaints));
    std::vector<Field> fields;
    for (const Complaint& complaint : complaints) fields.push_back(complaint.field);
    EXPECT_THAT(fields, ElementsAre(Field::url, Field::requests, Field::connections, Field::timeout));
}

TEST(Form, makes_the_request) {
    FormText form = good_form();
    form.headers = "Accept: text/html\n\n  X-Empty;  \r\n";
    form.body = "{}";
    const load::LoadOptions options = accepted(form);
    EXPECT_EQ(options.request.method, "POST");
    EXPECT_THAT(options.request.headers, ElementsAre("Accept: text/html", "X-Empty;"));
    EXPECT_EQ(options.request.body, "{}");
    form.body = "";
    EXPECT_EQ(accepted(form).request.method, "GET");
    EXPECT_EQ(accepted(form).request.body, std::nullopt);
    form.method = "PUT";
    EXPECT_EQ(accepted(form).request.body, "") << "says Content-Length: 0";
}

TEST(Form, sends_a_file_of_the_command_line_in_place_of_its_text) {
    FormText form = good_form();
    form.body = "typed";
    FormExtras extras;
    extras.body = std::string("\0binary", 7);
    extras.data_file = "file.bin";
    const load::LoadOptions options = accepted(form, extras);
    EXPECT_EQ(options.request.body, extras.body);
    EXPECT_EQ(options.data_file, "file.bin");
}

// The form of the command line's options asks for the same test.
TEST(Form, repeats_the_command_line) {
    const std::vector<std::vector<std::string>> command_lines = {
        {"http://127.0.0.1:8080/"},
        {"http://user:pa%20ss@127.0.0.1:8080/a?b=c", "-n", "100000", "-c", "200", "-t", "3"},
        {"https://[::1]:8443/", "-z", "1m30s", "-k", "--timeout", "250ms", "-m", "DELETE", "-H", "A: b", "-H",
         "Accept:"},
        {"localhost", "-d", "text\nwith two lines"},
        {"localhost", "-d", "text", "-m", "PATCH"},
        {"localhost", "-m", "POST", "-d", ""},
    };
    for (std::vector<std::string> arguments : command_lines) {
        arguments.insert(arguments.begin(), "load");
        const load::Command command = load::parse_command_line(arguments, machine);
        const auto& wanted = std::get<load::LoadOptions>(command);
        const load::LoadOptions got = accepted(form_of(wanted));
        EXPECT_EQ(got.url->to_string(), wanted.url->to_string());
        EXPECT_EQ(got.url->user_info, wanted.url->user_info);
        EXPECT_EQ(got.requests, wanted.requests);
        EXPECT_EQ(got.duration, wanted.duration);
        EXPECT_EQ(got.connections, wanted.connections);
        EXPECT_EQ(got.threads, wanted.threads);
        EXPECT_EQ(got.timeout, wanted.timeout);
        EXPECT_EQ(got.insecure, wanted.insecure);
        EXPECT_EQ(got.request.method, wanted.request.method);
        EXPECT_EQ(got.request.headers, wanted.request.headers);
        EXPECT_EQ(got.request.body, wanted.request.body);
    }
}

}  // namespace
}  // namespace hocket::window
