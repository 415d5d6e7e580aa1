#include "hocket/aio/file.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <random>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "hocket/aio/create_task.hpp"
#include "hocket/aio/gather.hpp"
#include "hocket/aio/sleep.hpp"
#include "hocket/aio/timeout.hpp"
#include "io_fixture.hpp"

namespace hocket::test {
namespace {

class FileTest : public OnBothBackends {
protected:
    void SetUp() override {
        OnBothBackends::SetUp();
        std::string name = (std::filesystem::temp_directory_path() / "hocket-file-XXXXXX").string();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    std::filesystem::path path(const char* name = "file") const { return folder_ / name; }

private:
    std::filesystem::path folder_;
};

HOCKET_ON_BOTH_BACKENDS(FileTest);

int error_of(Task<void> task, LoopOptions options) {
    try {
        hocket::run(std::move(task), options);
    } catch (const std::system_error& error) {
        return error.code().value();
    }
    return 0;
}

TEST_P(FileTest, WholeFilesAreWrittenAppendedToAndRead) {
    const auto body = [&]() -> Task<void> {
        co_await write_file(path(), "hello");
        co_await append_file(path(), " world");
        EXPECT_EQ(co_await read_file(path()), "hello world");
        co_await write_file(path(), "new");
        EXPECT_EQ(co_await read_file(path()), "new");
    };
    hocket::run(body(), options());
}

TEST_P(FileTest, LargeFilesComeBackAsTheyWere) {
    std::string large(10'000'000, '\0');
    for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 7919 >> 8);
    const auto body = [&]() -> Task<void> {
        co_await write_file(path(), large);
        const std::string back = co_await read_file(path());
        EXPECT_TRUE(back == large);
    };
    hocket::run(body(), options());
}

TEST_P(FileTest, FilesOfTheKernelThatSayTheyAreEmptyAreReadToTheirEnd) {
    const auto body = []() -> Task<void> {
        const std::string status = co_await read_file("/proc/self/status");
        EXPECT_NE(status.find("VmRSS"), std::string::npos);
    };
    hocket::run(body(), options());
}

TEST_P(FileTest, PiecesAreReadAndWrittenAtThePositionOrAtAnOffset) {
    const auto body = [&]() -> Task<void> {
        File file = co_await File::open(path(), FileMode::read_write);
        co_await file.write("0123456789");
        co_await file.write_at(2, "xx");
        EXPECT_EQ(co_await file.read_at(1, 4), "1xx4");
        EXPECT_EQ(co_await file.read_at(8, 100), "89");
        EXPECT_EQ(co_await file.read(), "");  // the position is at the end
        EXPECT_EQ(co_await file.size(), 10u);
        co_await file.sync();
        co_await file.close();
        EXPECT_FALSE(file);
    };
    hocket::run(body(), options());
}

TEST_P(FileTest, LinesAreReadOneByOne) {
    const auto body = [&]() -> Task<std::vector<std::string>> {
        std::string text = "first\n\n";
        text += std::string(1'000'000, 'x');
        text += "\nlast, without an end";
        co_await write_file(path(), std::move(text));
        File file = co_await File::open(path());
        std::vector<std::string> lines;
        while (auto line = co_await file.read_line()) lines.push_back(std::move(*line));
        co_return lines;
    };
    const auto lines = hocket::run(body(), options());
    ASSERT_EQ(lines.size(), 4u);
    EXPECT_EQ(lines[0], "first");
    EXPECT_EQ(lines[1], "");
    EXPECT_EQ(lines[2].size(), 1'000'000u);
    EXPECT_EQ(lines[3], "last, without an end");
}

TEST_P(FileTest, ALineBeyondTheLimitIsAnError) {
    const auto body = [&]() -> Task<void> {
        co_await write_file(path(), std::string(100, 'x'));
        File file = co_await File::open(path());
        co_await file.read_line(99);
    };
    EXPECT_THROW(hocket::run(body(), options()), std::length_error);
}

TEST_P(FileTest, ErrorsNameThePath) {
    const auto body = [&]() -> Task<void> { co_await read_file(path("nowhere")); };
    try {
        hocket::run(body(), options());
        FAIL();
    } catch (const std::system_error& error) {
        EXPECT_EQ(error.code().value(), ENOENT);
        EXPECT_NE(std::string(error.what()).find("nowhere"), std::string::npos);
    }
    const auto again = [&]() -> Task<void> {
        co_await write_file(path(), "");
        co_await File::open(path(), FileMode::create);
    };
    EXPECT_EQ(error_of(again(), options()), EEXIST);
}

TEST_P(FileTest, AFullDiskIsAnErrorAndLosesNoDescriptor) {
    const auto open_files = [] {
        return std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                             std::filesystem::directory_iterator());
    };
    const auto body = []() -> Task<void> { co_await write_file("/dev/full", "too much"); };
    const auto before = open_files();
    {
        EventLoop loop(options());  // whose end waits for the threads that had a part in it
        for (int i = 0; i < 10; ++i) {
            int error = 0;
            try {
                loop.run_until_complete(body());
            } catch (const std::system_error& failure) {
                error = failure.code().value();
            }
            EXPECT_EQ(error, ENOSPC);
        }
    }
    EXPECT_EQ(open_files(), before);
}

// While it lives, a file of this process may have no more than `size` bytes: writing beyond fails with EFBIG.
class LargestFile {
public:
    explicit LargestFile(rlim_t size) : handler_(::signal(SIGXFSZ, SIG_IGN)) {
        checked(::getrlimit(RLIMIT_FSIZE, &before_), "getrlimit");
        const rlimit lowered{size, before_.rlim_max};
        checked(::setrlimit(RLIMIT_FSIZE, &lowered), "setrlimit");
    }
    LargestFile(const LargestFile&) = delete;
    LargestFile& operator=(const LargestFile&) = delete;
    ~LargestFile() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        ::signal(SIGXFSZ, handler_);
    }

private:
    rlimit before_{};
    void (*handler_)(int);
};

TEST_P(FileTest, AFileThatMayNotGrowIsAnErrorAndKeepsWhatItHas) {
    const auto body = [&]() -> Task<void> {
        File file = co_await File::open(path(), FileMode::write);
        co_await file.write(std::string(60'000, 'x'));
        co_await file.write(std::string(60'000, 'y'));
    };
    {
        const LargestFile limit(100'000);
        EXPECT_EQ(error_of(body(), options()), EFBIG);
    }
    EXPECT_EQ(std::filesystem::file_size(path()), 100'000u);
}

TEST_P(FileTest, ADiskThatFillsUpIsAnErrorAndTheLoopLivesOn) {
    const std::string disk = path("disk").string();
    std::filesystem::create_directory(disk);
    if (::mount("hocket", disk.c_str(), "tmpfs", 0, "size=1m") != 0) GTEST_SKIP() << "NOT TESTED: no right to mount";
    const auto body = [&]() -> Task<void> {
        int error = 0;
        try {
            co_await write_file(disk + "/large", std::string(2'000'000, 'x'));
        } catch (const std::system_error& failure) {
            error = failure.code().value();
        }
        EXPECT_EQ(error, ENOSPC);
        std::filesystem::remove(disk + "/large");
        co_await write_file(disk + "/small", "it fits");
        const std::string back = co_await read_file(disk + "/small");
        EXPECT_EQ(back, "it fits");
    };
    hocket::run(body(), options());
    ::umount(disk.c_str());
}

TEST_P(FileTest, ManyTasksReadAndWriteWhereTheyLike) {
    constexpr std::size_t kPage = 4096, kPages = 64;
    const auto page = [](std::size_t number) { return std::string(kPage, static_cast<char>('!' + number)); };
    const auto body = [&]() -> Task<void> {
        File file = co_await File::open(path(), FileMode::read_write);
        const auto write = [&](std::size_t number) -> Task<void> {
            co_await file.write_at(number * kPage, page(number));
        };
        std::vector<Task<void>> writes;
        for (std::size_t i = 0; i < kPages; ++i) writes.push_back(write((i * 29) % kPages));
        co_await gather(std::move(writes));
        const auto read = [&](unsigned seed) -> Task<void> {
            std::mt19937 random(seed);
            for (int i = 0; i < 100; ++i) {
                const std::size_t number = random() % kPages;
                const std::string got = co_await file.read_at(number * kPage, kPage);
                EXPECT_TRUE(got == page(number));
            }
        };
        std::vector<Task<void>> readers;
        for (unsigned i = 0; i < 8; ++i) readers.push_back(read(i));
        co_await gather(std::move(readers));
    };
    hocket::run(body(), options());
}

// A number in each four bytes, so that what is read tells where it stood.
std::string numbered(std::size_t bytes) {
    std::string text;
    for (std::uint32_t i = 0; text.size() < bytes; ++i) text.append(reinterpret_cast<const char*>(&i), sizeof i);
    return text;
}

TEST_P(FileTest, OverlappingReadsAtThePositionShareTheFileAmongThem) {
    const std::string whole = numbered(3'000'000);
    std::string together;
    const auto body = [&]() -> Task<void> {
        co_await write_file(path(), whole);
        File file = co_await File::open(path());
        const auto reads = [&](std::size_t size) -> Task<void> {
            for (;;) {
                const std::string piece = co_await file.read(size);
                if (piece.empty()) break;
                together += piece;
            }
        };
        std::vector<Task<void>> readers;
        for (const std::size_t size : {100'000u, 5'000u, 70'000u, 64u, 250'000u}) readers.push_back(reads(size));
        co_await gather(std::move(readers));
    };
    hocket::run(timeout(30s, body()), options());
    EXPECT_TRUE(together == whole);
}

TEST_P(FileTest, OverlappingReadsBeyondTheEndLeaveThePositionAtTheEnd) {
    const auto body = [&]() -> Task<void> {
        co_await write_file(path(), std::string(100, 'x'));
        File file = co_await File::open(path(), FileMode::read_write);
        const auto read = [&]() -> Task<std::string> { co_return co_await file.read(); };
        auto pieces = co_await gather(read(), read(), read());
        EXPECT_EQ(std::get<0>(pieces).size() + std::get<1>(pieces).size() + std::get<2>(pieces).size(), 100u);
        co_await file.write("y");
        EXPECT_EQ(co_await file.size(), 101u);
        co_await append_file(path(), "z");
        EXPECT_EQ(co_await file.read(), "z");
    };
    hocket::run(timeout(30s, body()), options());
}

TEST_P(FileTest, AReadThatIsCancelledBeforeItsTurnTakesNothing) {
    const std::string whole = numbered(1'000'000);
    const auto body = [&]() -> Task<void> {
        co_await write_file(path(), whole);
        File file = co_await File::open(path());
        const auto reads = [&]() -> Task<std::string> { co_return co_await file.read(100'000); };
        std::vector<Future<std::string>> all;
        for (int i = 0; i < 10; ++i) all.push_back(create_task(reads()));
        co_await yield_now();
        std::string together;
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (i % 3 == 1) all[i].cancel();
        }
        for (const Future<std::string>& one : all) {
            try {
                together += co_await one;
            } catch (const CancelledError&) {
            }
        }
        together += co_await file.read_all();
        EXPECT_TRUE(together == whole);
    };
    hocket::run(timeout(30s, body()), options());
}

TEST_P(FileTest, AReadThatIsCancelledUnderWayGivesWhatItGets) {
    ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
    const auto body = [&]() -> Task<void> {
        File file = co_await File::open(path(), FileMode::read_write);
        Event begun;
        const auto reads = [&]() -> Task<std::string> {
            begun.set();
            std::string got = co_await file.read(100);
            bool thrown = false;
            try {
                co_await yield_now();
            } catch (const CancelledError&) {
                thrown = true;
            }
            EXPECT_TRUE(thrown);
            co_return got;
        };
        const Future<std::string> reading = create_task(reads());
        co_await begun.async_wait();
        co_await sleep(1ms);  // by now a thread reads, in most runs
        reading.cancel();
        co_await yield_now();
        co_await file.write("not lost");
        std::string got;
        try {
            got = co_await reading;
        } catch (const CancelledError&) {  // it had not begun
        }
        if (got.empty()) got = co_await file.read(100);
        EXPECT_EQ(got, "not lost");
    };
    hocket::run(timeout(30s, body()), options());
}

TEST_P(FileTest, OverlappingWritesAtThePositionAreEachInOnePiece) {
    constexpr std::size_t kSize = 150'000;
    constexpr int kWrites = 26;
    const auto body = [&]() -> Task<void> {
        for (const FileMode mode : {FileMode::write, FileMode::append}) {
            co_await write_file(path(), "");
            File file = co_await File::open(path(), mode);
            const auto write = [&](char letter) -> Task<void> { co_await file.write(std::string(kSize, letter)); };
            std::vector<Task<void>> writers;
            for (int i = 0; i < kWrites; ++i) writers.push_back(write(static_cast<char>('a' + i)));
            co_await gather(std::move(writers));
            const std::string back = co_await read_file(path());
            EXPECT_EQ(back.size(), kWrites * kSize);
            for (std::size_t i = 0; i < back.size(); ++i) {
                if (back[i] == static_cast<char>('a' + i / kSize)) continue;  // in the order of the calls
                ADD_FAILURE() << "at " << i << ": " << back[i];
                break;
            }
        }
    };
    hocket::run(timeout(30s, body()), options());
}

TEST_P(FileTest, SeveralTasksMayReadLinesOfOneFile) {
    constexpr int kLines = 30'000;
    std::string text;
    for (int i = 0; i < kLines; ++i)
        text += std::to_string(i) + std::string(static_cast<std::size_t>(i % 50), '.') + '\n';
    int next = 0;
    int wrong = 0;
    const auto body = [&]() -> Task<void> {
        co_await write_file(path(), text);
        File file = co_await File::open(path());
        const auto reads = [&]() -> Task<void> {
            while (const auto line = co_await file.read_line()) {
                if (*line != std::to_string(next) + std::string(static_cast<std::size_t>(next % 50), '.')) ++wrong;
                ++next;
            }
        };
        co_await gather(reads(), reads(), reads());
    };
    hocket::run(timeout(30s, body()), options());
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(next, kLines);
}

TEST_P(FileTest, ReadsAndWritesOfAPipeDoNotWaitForEachOther) {
    ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
    const auto body = [&]() -> Task<void> {
        File file = co_await File::open(path(), FileMode::read_write);
        const auto reads = [&]() -> Task<std::string> { co_return co_await file.read(100); };
        const Future<std::string> reading = create_task(reads());
        for (int i = 0; i < 10; ++i) co_await yield_now();
        co_await file.write("round about");
        EXPECT_EQ(co_await reading, "round about");
    };
    hocket::run(timeout(30s, body()), options());
}

TEST_P(FileTest, ClosingWaitsForTheOperationsUnderWay) {
    ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
    const auto body = [&]() -> Task<void> {
        File writer = co_await File::open(path(), FileMode::read_write);
        File file = co_await File::open(path());
        std::string log;
        const auto reads = [&]() -> Task<void> { log += co_await file.read(100); };
        const auto closes = [&]() -> Task<void> {
            co_await file.close();
            log += ", closed";
        };
        const Future<void> reading = create_task(reads());
        co_await yield_now();
        const Future<void> closing = create_task(closes());
        co_await yield_now();
        EXPECT_FALSE(file);
        bool refused = false;
        try {
            co_await file.read();
        } catch (const InvalidStateError&) {
            refused = true;
        }
        EXPECT_TRUE(refused);
        co_await sleep(2ms);
        EXPECT_FALSE(closing.done());
        co_await writer.write("read");
        co_await closing;
        co_await reading;
        EXPECT_EQ(log, "read, closed");
    };
    hocket::run(timeout(30s, body()), options());
}

TEST_P(FileTest, ReadingWhatIsInMemoryLetsOthersHaveTheirTurn) {
    const auto body = [&]() -> Task<void> {
        co_await write_file(path(), "content");
        const File file = co_await File::open(path());
        bool enough = false;
        const auto reads = [&]() -> Task<void> {
            File again = co_await File::open(path());
            while (!enough) (void)co_await again.read_at(0, 7);
        };
        const auto ends = [&]() -> Task<void> {
            co_await sleep(5ms);
            enough = true;
        };
        co_await gather(reads(), ends());
    };
    hocket::run(timeout(20s, body()), options());
}

TEST_P(FileTest, PipesWithANameKeepTheLoopFromNothing) {
    // Opening one blocks until there is somebody at the other end, and reading until something was written.
    ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
    const auto body = [&]() -> Task<void> {
        const auto writes = [&]() -> Task<void> {
            co_await yield_now();
            File file = co_await File::open(path(), FileMode::write);
            co_await sleep(1ms);
            co_await file.write("through the pipe");
            co_await file.close();
        };
        auto results = co_await gather(read_file(path()), writes());
        EXPECT_EQ(std::get<0>(results), "through the pipe");
    };
    hocket::run(timeout(20s, body()), options());
}

TEST_P(FileTest, ACancelledTaskDoesNothingMore) {
    const auto body = [&]() -> Task<void> {
        co_await write_file(path(), "content");
        File file = co_await File::open(path(), FileMode::read_write);
        int thrown = 0;
        CancelScope scope;
        scope.cancel();
        try {
            co_await file.write("never");
        } catch (const CancelledError&) {
            ++thrown;
        }
        try {
            (void)co_await file.read_at(0, 7);
        } catch (const CancelledError&) {
            ++thrown;
        }
        EXPECT_EQ(thrown, 2);
    };
    const auto whole = [&]() -> Task<std::string> {
        co_await body();
        co_return co_await read_file(path());
    };
    EXPECT_EQ(hocket::run(whole(), options()), "content");
}

TEST_P(FileTest, OperationsGoOnInAnotherThread) {
    EventLoop loop(options());
    const auto writes = [&]() -> Task<void> {
        File file = co_await File::open(path(), FileMode::write);
        for (int i = 0; i < 200; ++i) co_await file.write(std::string(10'000, 'x'));
        co_await file.close();
    };
    Future<void> writing;
    const auto begins = [&]() -> Task<void> {
        writing = create_task(writes());
        for (int i = 0; i < 20; ++i) co_await yield_now();
    };
    loop.run_until_complete(begins());
    std::thread([&] { loop.run_until_complete(writing); }).join();
    EXPECT_EQ(std::filesystem::file_size(path()), 2'000'000u);
}

TEST_P(FileTest, WithoutAFileEveryOperationSaysSo) {
    const auto body = []() -> Task<void> {
        File file;
        co_await file.read();
    };
    EXPECT_THROW(hocket::run(body(), options()), InvalidStateError);
}

}  // namespace
}  // namespace hocket::test
