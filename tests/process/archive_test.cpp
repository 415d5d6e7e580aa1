#include "hocket/process/archive.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <memory>
#include <string>

namespace hocket {
namespace {

using detail::Payload;
using detail::PayloadReader;
using detail::read_value;
using detail::write_value;

PayloadReader reader_of(Payload& payload) { return PayloadReader(payload.bytes(), std::move(payload.descriptors())); }

template <class T>
T there_and_back(const T& value) {
    Payload payload;
    write_value(payload, value);
    PayloadReader reader = reader_of(payload);
    T read = read_value<T>(reader);
    EXPECT_EQ(reader.left(), 0u);
    return read;
}

struct Plain {
    int number;
    char letter;
    friend bool operator==(const Plain&, const Plain&) = default;
};

class NoDefault {
public:
    explicit NoDefault(int value) : value_(value) {}
    int value() const { return value_; }

private:
    int value_;
};

struct Serialised {
    std::string name;
    std::map<std::string, std::vector<Plain>> plains;
    std::optional<Plain> maybe;
    template <class Archive>
    void serialize(Archive& archive) {
        archive(name, plains, maybe);
    }
    friend bool operator==(const Serialised&, const Serialised&) = default;
};

class Handle {
public:
    Handle() = default;
    Handle(int fd, std::string text) : fd_(fd), text_(std::move(text)) {}
    explicit Handle(InputArchive& archive) : fd_(archive.take_descriptor()), text_(archive.read<std::string>()) {}
    void save(OutputArchive& archive) const {
        archive.attach(fd_.get());
        archive.write(text_);
    }
    int fd() const { return fd_.get(); }
    const std::string& text() const { return text_; }

private:
    detail::OwnedDescriptor fd_;
    std::string text_;
};

ino_t inode(int fd) {
    struct stat status {};
    EXPECT_EQ(::fstat(fd, &status), 0);
    return status.st_ino;
}

TEST(Archive, CopiesPlainValuesBytewise) {
    EXPECT_EQ(there_and_back(42), 42);
    EXPECT_EQ(there_and_back(2.5), 2.5);
    EXPECT_EQ(there_and_back(Plain{7, 'x'}), (Plain{7, 'x'}));
    EXPECT_EQ(there_and_back(NoDefault(3)).value(), 3);
    Payload payload;
    write_value(payload, Plain{});
    EXPECT_EQ(payload.size(), sizeof(Plain));
}

TEST(Archive, CopiesTextAndVectorsInOnePiece) {
    EXPECT_EQ(there_and_back(std::string("text")), "text");
    EXPECT_EQ(there_and_back(std::string()), "");
    EXPECT_EQ(there_and_back(std::vector<double>{1, 2.5}), (std::vector<double>{1, 2.5}));
    EXPECT_EQ(there_and_back(std::vector<Plain>{{1, 'a'}, {2, 'b'}}), (std::vector<Plain>{{1, 'a'}, {2, 'b'}}));
    EXPECT_EQ(there_and_back(std::vector<bool>{true, false, true}), (std::vector<bool>{true, false, true}));
}

TEST(Archive, SerialisesTheRestByCereal) {
    const Serialised value{"n", {{"a", {{1, 'a'}}}, {"b", {}}}, Plain{2, 'b'}};
    EXPECT_EQ(there_and_back(value), value);
    EXPECT_EQ(*there_and_back(std::make_shared<std::string>("shared")), "shared");
}

int twice(int x) { return 2 * x; }

TEST(Archive, NamesFunctions) { EXPECT_EQ(there_and_back(&twice), &twice); }

TEST(Archive, HandlesTakeDescriptorsAlong) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const detail::OwnedDescriptor read_end(ends[0]);
    Payload payload;
    {
        const Handle handle(ends[1], "pipe");
        write_value(payload, handle);
    }  // the sender's own descriptor is closed, that of the message is not
    PayloadReader reader = reader_of(payload);
    const auto handle = read_value<Handle>(reader);
    EXPECT_EQ(handle.text(), "pipe");
    EXPECT_EQ(inode(handle.fd()), inode(ends[0]));
    EXPECT_NE(handle.fd(), ends[1]);
}

TEST(Archive, HandlesMayBePartOfWhatCerealSerialises) {
    std::map<int, Handle> handles;
    handles.emplace(1, Handle(::open("/dev/null", O_RDONLY | O_CLOEXEC), "one"));
    handles.emplace(2, Handle(::open("/dev/zero", O_RDONLY | O_CLOEXEC), "two"));
    Payload payload;
    write_value(payload, handles);
    ASSERT_EQ(payload.descriptors().size(), 2u);
    PayloadReader reader = reader_of(payload);
    const auto read = read_value<std::map<int, Handle>>(reader);
    EXPECT_EQ(read.at(2).text(), "two");
    EXPECT_EQ(inode(read.at(1).fd()), inode(handles.at(1).fd()));
    EXPECT_EQ(inode(read.at(2).fd()), inode(handles.at(2).fd()));
}

TEST(Archive, LargeMessagesAreInMemoryThatCanBeMapped) {
    const std::string large(5'000'000, 'x');
    Payload payload;
    write_value(payload, 1);
    write_value(payload, large);
    write_value(payload, large);
    ASSERT_TRUE(payload.in_block());
    const detail::SharedBlock mapped(detail::duplicate_descriptor(payload.block().descriptor()));
    PayloadReader reader(std::span(mapped.data(), payload.size()));
    EXPECT_EQ(read_value<int>(reader), 1);
    EXPECT_EQ(read_value<std::string>(reader), large);
    EXPECT_EQ(read_value<std::string>(reader), large);
}

TEST(Archive, PayloadsGrowFromPlaceToHeapToBlockAndMove) {
    Payload payload;
    for (std::uint64_t i = 0; i < 10'000; ++i) {
        payload.append(&i, sizeof i);
        if (i == 10 || i == 100 || i == 5000) payload = Payload(std::move(payload));
    }
    PayloadReader reader(payload.bytes());
    for (std::uint64_t i = 0; i < 10'000; ++i) ASSERT_EQ(read_value<std::uint64_t>(reader), i);
}

TEST(Archive, ReadsNoFurtherThanTheMessage) {
    Payload payload;
    write_value(payload, std::uint64_t{1} << 60);  // the length of a string
    PayloadReader reader = reader_of(payload);
    EXPECT_THROW(read_value<std::string>(reader), std::runtime_error);
    PayloadReader empty(std::span<const std::byte>{});
    EXPECT_THROW(read_value<int>(empty), std::runtime_error);
    EXPECT_THROW(empty.take_descriptor(), std::runtime_error);
}

TEST(Archive, KnowsWhatCannotTravel) {
    EXPECT_FALSE(detail::Transferable<int*>);
    EXPECT_FALSE(detail::Transferable<const char*>);
    EXPECT_FALSE(detail::Transferable<std::string_view>);
    EXPECT_FALSE((detail::Transferable<std::pair<int, std::string_view>>));
    EXPECT_FALSE(detail::Transferable<std::reference_wrapper<int>>);
    EXPECT_FALSE(detail::Transferable<std::function<void()>>);
    EXPECT_TRUE((detail::Transferable<std::map<int, std::vector<std::string>>>));
}

}  // namespace
}  // namespace hocket
