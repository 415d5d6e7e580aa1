// A kernel that refuses io_uring: said clearly, with the way out.
#include <gmock/gmock.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cstddef>
#include <memory>
#include <thread>

#include "aio/io_fixture.hpp"

namespace hocket::test {
namespace {

using ::testing::HasSubstr;

// Makes io_uring_setup() fail with `error` for the calling thread, as containers do.
bool forbid_io_uring(unsigned error) {
    sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program{sizeof filter / sizeof filter[0], filter};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

class RefusedIoUring : public OnBothBackends {};
INSTANTIATE_TEST_SUITE_P(Backends, RefusedIoUring, ::testing::Values(Io::io_uring), backend_name);

TEST_P(RefusedIoUring, SaysWhyAndWhatToDo) {
    for (const int error : {EPERM, ENOSYS}) {
        bool forbidden = false;
        std::string text = "not refused";
        std::error_code code;
        std::thread([&] {
            forbidden = forbid_io_uring(error);
            try {
                EventLoop loop(options());
            } catch (const std::system_error& refusal) {
                text = refusal.what();
                code = refusal.code();
            }
        }).join();
        if (!forbidden) GTEST_SKIP() << "NOT TESTED: this system allows no seccomp filter";
        EXPECT_EQ(code.value(), error);
        EXPECT_THAT(text, HasSubstr("HOCKET_IO=epoll"));
        EXPECT_THAT(text, HasSubstr(error == EPERM ? "kernel.io_uring_disabled" : "Linux 5.13"));
    }
}

// A loop that comes to a thread where there is no ring for it: it does not run, but it can be closed.
TEST_P(RefusedIoUring, LetsALoopFromAnotherThreadEnd) {
    auto sockets = unix_pair();
    bool cancelled = false;
    auto waiting = [&]() -> Task<void> {
        try {
            co_await read(sockets.second);
        } catch (const CancelledError&) {
            cancelled = true;
        }
        CancelScope clean_up(shielded);
        try {
            co_await read(sockets.second);
            ADD_FAILURE() << "something was read without a ring";
        } catch (const std::system_error& error) {
            EXPECT_EQ(error.code(), std::errc::function_not_supported);
        }
        co_await sleep(1ms);
    };
    auto start = [&]() -> Task<void> {
        create_task(waiting());
        co_await sleep(1ms);
    };
    auto loop = std::make_unique<EventLoop>(options());
    loop->run_until_complete(start());
    bool forbidden = false;
    std::thread([&] {
        forbidden = forbid_io_uring(EPERM);
        if (forbidden) {
            EXPECT_THROW(loop->run_until_complete(start()), std::system_error);
        }
        loop.reset();
    }).join();
    if (!forbidden) GTEST_SKIP() << "NOT TESTED: this system allows no seccomp filter";
    EXPECT_TRUE(cancelled);
}

}  // namespace
}  // namespace hocket::test
