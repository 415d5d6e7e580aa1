#include <gtest/gtest.h>

#include <stdexcept>
#include <system_error>
#include <vector>

#include "hocket/aio/create_task.hpp"
#include "hocket/aio/task_group.hpp"
#include "hocket/core/errors.hpp"

namespace hocket {
namespace {

template <class E>
std::exception_ptr error(E thrown) {
    return std::make_exception_ptr(std::move(thrown));
}

TEST(ExceptionGroup, GivesItsErrorsByType) {
    const ExceptionGroup group(
        "several", {error(std::runtime_error("a")), error(std::logic_error("b")), error(std::range_error("c"))});
    EXPECT_EQ(group.of_type<std::runtime_error>().size(), 2u);  // std::range_error is one, too
    EXPECT_EQ(describe(group.of_type<std::range_error>().at(0)), "c");
    EXPECT_EQ(describe(group.not_of_type<std::runtime_error>().at(0)), "b");
    EXPECT_TRUE(group.of_type<std::system_error>().empty());
}

TEST(ExceptionGroup, LooksIntoTheGroupsInside) {
    const ExceptionGroup inner("inner", {error(std::runtime_error("a")), error(std::logic_error("b"))});
    const ExceptionGroup outer("outer", {error(inner), error(std::logic_error("c"))});
    EXPECT_EQ(outer.of_type<std::logic_error>().size(), 2u);
    EXPECT_EQ(describe(outer.not_of_type<std::logic_error>().at(0)), "a");
}

TEST(ExceptionGroup, OfATaskGroupLetsAProgramTreatWhatItExpects) {
    const auto fails = []() -> Task<void> {
        throw std::system_error(ECONNREFUSED, std::generic_category());
        co_return;
    };
    const auto body = [&]() -> Task<void> {
        const auto spawn = [&](TaskGroup& group) -> Task<void> {
            group.create_task(fails());
            co_return;
        };
        co_await task_group(spawn);
    };
    try {
        run(body());
        FAIL();
    } catch (const ExceptionGroup& group) {
        EXPECT_EQ(group.of_type<std::system_error>().size(), 1u);
        EXPECT_TRUE(group.not_of_type<std::system_error>().empty());
    }
}

}  // namespace
}  // namespace hocket
