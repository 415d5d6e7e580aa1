#include "hocket/core/errors.hpp"

#include <gtest/gtest.h>

#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

namespace hocket {
namespace {

TEST(CancelledError, IsNotCaughtAsAStandardException) {
    static_assert(!std::is_base_of_v<std::exception, CancelledError>);
    bool passed = false;
    try {
        try {
            throw CancelledError("stop");
        } catch (const std::exception&) {
            FAIL();
        }
    } catch (const CancelledError&) {
        passed = true;
    }
    EXPECT_TRUE(passed);
}

TEST(CancelledError, SaysWhyAndWhoAsked) {
    EXPECT_EQ(CancelledError().reason(), "");
    EXPECT_EQ(CancelledError().message(), "cancelled");
    EXPECT_EQ(CancelledError("the user left").reason(), "the user left");
    EXPECT_EQ(CancelledError("the user left").message(), "cancelled: the user left");
    EXPECT_EQ(CancelledError("the user left").by(), "");
    EXPECT_EQ(CancelledError("the user left", "task 'main'").by(), "task 'main'");
    EXPECT_EQ(CancelledError("the user left", "task 'main'").message(), "cancelled by task 'main': the user left");
    EXPECT_EQ(CancelledError("", "task 'main'").message(), "cancelled by task 'main'");
    static_assert(std::is_nothrow_copy_constructible_v<CancelledError>);
}

TEST(Errors, DeriveFromTheClosestStandardException) {
    static_assert(std::is_base_of_v<std::runtime_error, TimeoutError>);
    static_assert(std::is_base_of_v<std::logic_error, InvalidStateError>);
    static_assert(std::is_base_of_v<std::logic_error, DeadlockError>);
    static_assert(std::is_base_of_v<std::runtime_error, ExceptionGroup>);
    EXPECT_STREQ(TimeoutError("late").what(), "late");
}

TEST(ExceptionGroup, KeepsAllErrorsAndNamesThem) {
    std::vector<std::exception_ptr> errors{std::make_exception_ptr(std::runtime_error("first")),
                                           std::make_exception_ptr(7)};
    const ExceptionGroup group("two jobs failed", errors);
    EXPECT_STREQ(group.what(), "two jobs failed (2 errors: first; unknown exception)");
    EXPECT_EQ(group.exceptions(), errors);
    const ExceptionGroup copy = group;
    EXPECT_EQ(copy.exceptions(), errors);
    errors.pop_back();
    EXPECT_STREQ(ExceptionGroup("failed", errors).what(), "failed (1 error: first)");
}

TEST(ExceptionGroup, NestsInAnother) {
    const ExceptionGroup inner("inner", {std::make_exception_ptr(std::runtime_error("root cause"))});
    const ExceptionGroup outer("outer", {std::make_exception_ptr(inner)});
    EXPECT_STREQ(outer.what(), "outer (1 error: inner (1 error: root cause))");
    static_assert(std::is_nothrow_copy_constructible_v<ExceptionGroup>);
}

TEST(ExceptionGroup, RefusesToBeEmpty) { EXPECT_THROW(ExceptionGroup("nothing", {}), std::invalid_argument); }

TEST(Describe, SaysWhatAnyExceptionSays) {
    EXPECT_EQ(describe(nullptr), "no error");
    EXPECT_EQ(describe(std::make_exception_ptr(std::runtime_error("text"))), "text");
    EXPECT_EQ(describe(std::make_exception_ptr(CancelledError("why"))), "cancelled: why");
    EXPECT_EQ(describe(std::make_exception_ptr(42)), "unknown exception");
}

}  // namespace
}  // namespace hocket
