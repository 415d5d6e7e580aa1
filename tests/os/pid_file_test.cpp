#include "hocket/os/pid_file.hpp"

#include <fcntl.h>
#include <sys/wait.h>

#include <thread>

#include "hocket/os/daemon_errors.hpp"
#include "os/daemon_fixture.hpp"

namespace hocket::testing {
namespace {

using ::testing::HasSubstr;

class PidFileTest : public DaemonTest {
protected:
    std::string refusal() const {
        try {
            const PidFile file(options.pid_file);
            return "none";
        } catch (const std::system_error& error) {
            EXPECT_EQ(error.code(), std::errc::operation_not_permitted);
            return error.what();
        }
    }
    // What `check` gives in a child.
    template <class Check>
    static bool in_child(Check check) {
        const pid_t child = ::fork();
        if (child == 0) ::_exit(check() ? 0 : 1);
        int status = 0;
        ::waitpid(child, &status, 0);
        return status == 0;
    }
};

TEST_F(PidFileTest, HoldsAndRemoves) {
    EXPECT_EQ(PidFile::holder(options.pid_file), std::nullopt);
    {
        const PidFile file(options.pid_file);
        EXPECT_EQ(file.path(), options.pid_file);
        EXPECT_EQ(text_of(options.pid_file), std::to_string(::getpid()) + "\n");
        EXPECT_EQ(PidFile::holder(options.pid_file), ::getpid());
    }
    EXPECT_FALSE(std::filesystem::exists(options.pid_file));
    const PidFile again(options.pid_file);
}

TEST_F(PidFileTest, DoesNotTakeThePlaceOfAClosedStream) {
    EXPECT_TRUE(in_child([&] {
        ::close(STDIN_FILENO);
        ::close(STDOUT_FILENO);
        const PidFile file(options.pid_file);
        return ::write(STDOUT_FILENO, "output", 6) < 0 &&
               text_of(options.pid_file) == std::to_string(::getpid()) + "\n";
    }));
}

TEST_F(PidFileTest, IsHeldOnceInAProcessToo) {
    PidFile file(options.pid_file);
    try {
        const PidFile other(options.pid_file);
        FAIL() << "held twice";
    } catch (const AlreadyRunningError& error) {
        EXPECT_EQ(error.pid(), ::getpid());
        EXPECT_THAT(error.what(), HasSubstr("already running: process " + std::to_string(::getpid())));
    }
    PidFile moved(std::move(file));
    EXPECT_EQ(moved.path(), options.pid_file);
    EXPECT_TRUE(in_child([&] { return PidFile::holder(options.pid_file) == ::getppid(); })) << "the lock was lost";
}

TEST_F(PidFileTest, IsHeldByOneOfManyThreads) {
    std::atomic<int> held{0}, refused{0};
    std::atomic<bool> done{false};
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] {
            try {
                const PidFile file(options.pid_file);
                ++held;
                while (!done) std::this_thread::yield();
            } catch (const AlreadyRunningError&) {
                if (++refused == 7) done = true;
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(held, 1);
    EXPECT_EQ(refused, 7);
}

TEST_F(PidFileTest, AChildNeitherHoldsNorRemovesIt) {
    auto file = std::make_unique<PidFile>(options.pid_file);
    EXPECT_TRUE(in_child([&] {
        file.reset();
        return std::filesystem::exists(options.pid_file) && PidFile::holder(options.pid_file) == ::getppid();
    }));
    EXPECT_EQ(PidFile::holder(options.pid_file), ::getpid());
    EXPECT_TRUE(in_child([&] {
        try {
            const PidFile other(options.pid_file);
            return false;
        } catch (const AlreadyRunningError& error) {
            return error.pid() == ::getppid();
        }
    }));
}

TEST_F(PidFileTest, WhatLiesInTheFileDoesNotCount) {
    for (const std::string content : {"", "1\n", "nonsense", "99999999999999999999999", "-1\n"}) {
        std::ofstream(options.pid_file) << content;
        EXPECT_EQ(PidFile::holder(options.pid_file), std::nullopt) << content;
        const PidFile file(options.pid_file);
        EXPECT_EQ(text_of(options.pid_file), std::to_string(::getpid()) + "\n");
    }
}

TEST_F(PidFileTest, OneThatIsReplacedIsLeftAlone) {
    {
        const PidFile file(options.pid_file);
        std::filesystem::remove(options.pid_file);
        std::ofstream(options.pid_file) << "another's";
    }
    EXPECT_EQ(text_of(options.pid_file), "another's");
}

TEST_F(PidFileTest, WhatSomebodyMayHaveLaidThereIsRefused) {
    const auto victim = folder / "victim";
    std::ofstream(victim) << "precious";
    std::filesystem::create_symlink(victim, options.pid_file);
    EXPECT_THAT(refusal(), HasSubstr("it is a symbolic link"));
    std::filesystem::remove(options.pid_file);
    std::filesystem::create_hard_link(victim, options.pid_file);
    EXPECT_THAT(refusal(), HasSubstr("it has a second name"));
    EXPECT_EQ(text_of(victim), "precious");
    std::filesystem::remove(options.pid_file);
    ASSERT_EQ(::mkfifo(options.pid_file.c_str(), 0666), 0);
    EXPECT_THAT(refusal(), HasSubstr("it is not a file"));
    std::filesystem::remove(options.pid_file);
    if (::geteuid() == 0) {
        std::ofstream(options.pid_file) << "1\n";
        ASSERT_EQ(::chown(options.pid_file.c_str(), 65534, 65534), 0);
        EXPECT_THAT(refusal(), HasSubstr("it belongs to the user 65534"));
    }
}

TEST_F(PidFileTest, ALockForReadingIsNoDaemon) {
    std::ofstream(options.pid_file) << "1\n";
    int ready[2], end[2];
    ASSERT_EQ(::pipe(ready), 0);
    ASSERT_EQ(::pipe(end), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        const int fd = ::open(options.pid_file.c_str(), O_RDONLY);
        struct flock lock {};
        lock.l_type = F_RDLCK;
        ::fcntl(fd, F_SETLK, &lock);
        char byte = 0;
        ::close(end[1]);
        (void)!::write(ready[1], &byte, 1);
        (void)!::read(end[0], &byte, 1);
        ::_exit(0);
    }
    char byte = 0;
    ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    EXPECT_THAT(refusal(), HasSubstr("is locked for reading by process " + std::to_string(child)));
    EXPECT_THROW(stop_daemon(options), std::system_error);
    for (const int fd : {ready[0], ready[1], end[0], end[1]}) ::close(fd);
    ::waitpid(child, nullptr, 0);
}

}  // namespace
}  // namespace hocket::testing
