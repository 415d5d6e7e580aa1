// A kernel that refuses io_uring: said clearly, with the way out.
#include <gmock/gmock.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cstddef>
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

}  // namespace
}  // namespace hocket::test
