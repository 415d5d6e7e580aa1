#include "hocket/core/outcome.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace hocket {
namespace {

std::exception_ptr error(const char* text) { return std::make_exception_ptr(std::runtime_error(text)); }

// Counts its live objects; throws from its n-th move when told so.
class Fragile {
public:
    explicit Fragile(int value) : value(value) { ++alive; }
    Fragile(Fragile&& other) : value(other.value) {
        if (moves_left == 0) throw std::runtime_error("a move failed");
        if (moves_left > 0) --moves_left;
        ++alive;
    }
    Fragile& operator=(Fragile&&) = delete;
    ~Fragile() { --alive; }
    int value;
    std::uint64_t padding = ~std::uint64_t{0};
    static inline int alive = 0;
    static inline int moves_left = -1;  // -1: as many as you like
};

class alignas(64) Wide {
public:
    explicit Wide(int value) : value(value) {}
    int value;
    bool aligned() const { return reinterpret_cast<std::uintptr_t>(this) % 64 == 0; }
};

TEST(Outcome, HasNothingAtFirst) {
    Outcome<int> outcome;
    EXPECT_FALSE(outcome.has_value());
    EXPECT_EQ(outcome.error(), nullptr);
    EXPECT_THROW(outcome.value(), InvalidStateError);
    EXPECT_THROW(std::move(outcome).value(), InvalidStateError);
}

TEST(Outcome, HoldsAValueOrAnError) {
    Outcome<std::string> outcome;
    outcome.set_value(3u, 'x');
    EXPECT_TRUE(outcome.has_value());
    EXPECT_EQ(outcome.value(), "xxx");
    EXPECT_EQ(outcome.error(), nullptr);
    outcome.value() += "y";
    EXPECT_EQ(outcome.value(), "xxxy");
    outcome.set_error(error("bad"));
    EXPECT_FALSE(outcome.has_value());
    EXPECT_NE(outcome.error(), nullptr);
    EXPECT_THROW(outcome.value(), std::runtime_error);
    outcome.set_value("again");
    EXPECT_EQ(std::move(outcome).value(), "again");
}

TEST(Outcome, HoldsMoveOnlyValues) {
    Outcome<std::unique_ptr<int>> outcome;
    outcome.set_value(std::make_unique<int>(7));
    EXPECT_EQ(*outcome.value(), 7);
    const std::unique_ptr<int> value = std::move(outcome).value();
    EXPECT_EQ(*value, 7);
}

TEST(Outcome, HoldsReferences) {
    int number = 1;
    Outcome<int&> outcome;
    outcome.set_value(number);
    EXPECT_EQ(&outcome.value(), &number);
    Outcome<int&> moved = std::move(outcome);
    EXPECT_EQ(&std::move(moved).value(), &number);
    Outcome<const std::string&> text;
    const std::string word = "word";
    text.set_value(word);
    EXPECT_EQ(&text.value(), &word);
}

TEST(Outcome, HoldsVoid) {
    Outcome<void> outcome;
    EXPECT_THROW(outcome.value(), InvalidStateError);
    outcome.set_value();
    EXPECT_TRUE(outcome.has_value());
    EXPECT_NO_THROW(outcome.value());
    outcome.set_error(error("bad"));
    EXPECT_THROW(outcome.value(), std::runtime_error);
}

TEST(Outcome, HoldsOverAlignedValuesWhereItIsNotOverAligned) {
    static_assert(alignof(Outcome<Wide>) <= 16);
    std::vector<Outcome<Wide>> outcomes(5);
    for (int i = 0; i < 5; ++i) {
        outcomes[i].set_value(i);
        EXPECT_TRUE(outcomes[i].value().aligned());
    }
    Outcome<Wide> moved = std::move(outcomes[3]);
    EXPECT_TRUE(moved.value().aligned());
    EXPECT_EQ(moved.value().value, 3);
    const Wide value = std::move(moved).value();
    EXPECT_EQ(value.value, 3);
}

TEST(Outcome, HoldsErrorsAsValues) {
    // An exception_ptr that is the value is not the error.
    Outcome<std::exception_ptr> outcome;
    outcome.set_value(error("a value"));
    EXPECT_TRUE(outcome.has_value());
    EXPECT_EQ(outcome.error(), nullptr);
    EXPECT_NE(outcome.value(), nullptr);
}

TEST(Outcome, MovesWhatItHolds) {
    Outcome<std::string> value, failure, nothing;
    value.set_value("text");
    failure.set_error(error("bad"));
    Outcome<std::string> moved_value(std::move(value)), moved_failure(std::move(failure)), moved(std::move(nothing));
    EXPECT_EQ(moved_value.value(), "text");
    EXPECT_THROW(moved_failure.value(), std::runtime_error);
    EXPECT_THROW(moved.value(), InvalidStateError);
    moved_failure = std::move(moved_value);  // an error's place is taken by a value, and the other way
    EXPECT_EQ(moved_failure.value(), "text");
    Outcome<std::string> second_failure;
    second_failure.set_error(error("bad"));
    moved_failure = std::move(second_failure);
    EXPECT_THROW(moved_failure.value(), std::runtime_error);
    Outcome<std::string>& same = moved_failure;
    moved_failure = std::move(same);
    EXPECT_THROW(moved_failure.value(), std::runtime_error);
}

TEST(Outcome, DestroysEachValueOnce) {
    Fragile::moves_left = -1;
    {
        Outcome<Fragile> outcome;
        outcome.set_value(1);
        outcome.set_value(Fragile(2));
        EXPECT_EQ(Fragile::alive, 1);
        Outcome<Fragile> moved = std::move(outcome);
        EXPECT_EQ(Fragile::alive, 2);  // the one moved from as well
        EXPECT_EQ(std::move(moved).value().value, 2);
        moved.set_error(error("bad"));
        EXPECT_EQ(Fragile::alive, 1);
    }
    EXPECT_EQ(Fragile::alive, 0);
}

TEST(Outcome, IsEmptyAfterAMoveThatThrew) {
    {
        Outcome<Fragile> outcome, source;
        outcome.set_value(1);
        source.set_value(2);
        Fragile::moves_left = 0;
        Fragile three(3);
        EXPECT_THROW(outcome.set_value(std::move(three)), std::runtime_error);
        EXPECT_FALSE(outcome.has_value());
        EXPECT_EQ(outcome.error(), nullptr);
        EXPECT_THROW(outcome.value(), InvalidStateError);

        outcome.set_error(error("bad"));
        EXPECT_THROW(outcome = std::move(source), std::runtime_error);
        EXPECT_FALSE(outcome.has_value());
        EXPECT_EQ(outcome.error(), nullptr);
        EXPECT_THROW(Outcome<Fragile>(std::move(source)), std::runtime_error);
        outcome.set_error(error("usable"));
        EXPECT_NE(outcome.error(), nullptr);
        EXPECT_TRUE(source.has_value());
        EXPECT_THROW((void)std::move(source).value(), std::runtime_error);
        Fragile::moves_left = -1;
        outcome = std::move(source);
        EXPECT_EQ(outcome.value().value, 2);
    }
    EXPECT_EQ(Fragile::alive, 0);
}

}  // namespace
}  // namespace hocket
