#include "hocket/os/service_manager.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <csignal>
#include <cstdlib>
#include <system_error>

#include "os/daemon_fixture.hpp"

namespace hocket::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

// What systemd has at its end.
class NotifySocket {
public:
    explicit NotifySocket(const std::string& name) : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        name.copy(address.sun_path, sizeof address.sun_path - 1);
        if (name[0] == '@') address.sun_path[0] = '\0';
        const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
        if (::bind(fd_, reinterpret_cast<sockaddr*>(&address), size) < 0) throw std::runtime_error("bind " + name);
        const timeval limit{30, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    }
    NotifySocket(const NotifySocket&) = delete;
    NotifySocket& operator=(const NotifySocket&) = delete;
    ~NotifySocket() { ::close(fd_); }
    std::string next() const {
        char text[4096];
        const ssize_t size = ::recv(fd_, text, sizeof text, 0);
        return size < 0 ? "nothing came" : std::string(text, static_cast<std::size_t>(size));
    }
    std::string next_but(const std::string& ignored) const {
        std::string message = next();
        while (message == ignored) message = next();
        return message;
    }

private:
    int fd_;
};

class ServiceManagerTest : public DaemonTest {
protected:
    ServiceManagerTest() : address_(folder / "notify") { clear(); }
    ~ServiceManagerTest() override { clear(); }
    static void clear() {
        for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) ::unsetenv(name);
    }
    static void set(const char* name, const std::string& value) { ::setenv(name, value.c_str(), 1); }
    const std::string address_;
};

TEST_F(ServiceManagerTest, NobodyListens) {
    const ServiceManager manager = ServiceManager::from_environment();
    EXPECT_FALSE(manager);
    manager.ready();
    manager.stopping();
    EXPECT_FALSE(manager.watchdog());
}

TEST_F(ServiceManagerTest, SaysWhatTheProtocolHas) {
    const NotifySocket socket(address_);
    set("NOTIFY_SOCKET", address_);
    set("WATCHDOG_USEC", "2000000");
    const ServiceManager manager = ServiceManager::from_environment();
    EXPECT_TRUE(manager);
    EXPECT_EQ(manager.watchdog(), 2s);
    manager.ready("Serving\non port 80");
    EXPECT_EQ(socket.next(), "READY=1\nMAINPID=" + std::to_string(::getpid()) + "\nSTATUS=Serving on port 80");
    manager.reloading();
    EXPECT_THAT(socket.next(), MatchesRegex("RELOADING=1\nMONOTONIC_USEC=[0-9]+"));
    manager.stopping("bye");
    EXPECT_EQ(socket.next(), "STOPPING=1\nSTATUS=bye");
    manager.status("half way");
    EXPECT_EQ(socket.next(), "STATUS=half way");
    manager.extend_timeout(1500us);
    EXPECT_EQ(socket.next(), "EXTEND_TIMEOUT_USEC=1500");
    manager.alive();
    EXPECT_EQ(socket.next(), "WATCHDOG=1");
    manager.not_alive();
    EXPECT_EQ(socket.next(), "WATCHDOG=trigger");
}

TEST_F(ServiceManagerTest, AbstractNamesToo) {
    const std::string name = "@hocket-test-" + std::to_string(::getpid());
    const NotifySocket socket(name);
    set("NOTIFY_SOCKET", name);
    ServiceManager::from_environment().notify("X_ANYTHING=1");
    EXPECT_EQ(socket.next(), "X_ANYTHING=1");
}

TEST_F(ServiceManagerTest, AWatchdogForAnotherProcessIsNotOurs) {
    set("NOTIFY_SOCKET", address_);
    set("WATCHDOG_USEC", "2000000");
    set("WATCHDOG_PID", "1");
    EXPECT_FALSE(ServiceManager::from_environment().watchdog());
    set("WATCHDOG_PID", std::to_string(::getpid()));
    EXPECT_TRUE(ServiceManager::from_environment().watchdog());
}

TEST_F(ServiceManagerTest, ValuesThatCannotBeUsedAreRefused) {
    for (const std::string address : {"relative", "@", "vsock:2:1", "/"}) {
        set("NOTIFY_SOCKET", address);
        EXPECT_THROW(ServiceManager::from_environment(), std::invalid_argument) << address;
    }
    set("NOTIFY_SOCKET", "/" + std::string(200, 'x'));
    EXPECT_THROW(ServiceManager::from_environment(), std::invalid_argument);
    set("NOTIFY_SOCKET", address_);
    for (const std::string period : {"0", "often", "-1", "1s"}) {
        set("WATCHDOG_USEC", period);
        EXPECT_THROW(ServiceManager::from_environment(), std::invalid_argument) << period;
    }
}

TEST_F(ServiceManagerTest, AnErrorIsToldWithItsAddress) {
    set("NOTIFY_SOCKET", address_);
    try {
        ServiceManager::from_environment().ready();
        FAIL() << "nobody is there";
    } catch (const std::system_error& error) {
        EXPECT_THAT(error.what(), HasSubstr("tell the service manager at " + address_ + " (NOTIFY_SOCKET) READY=1"));
    }
}

// So many that the socket has no room for all.
constexpr int kTooMany = 10'000;

TEST_F(ServiceManagerTest, OneThatDoesNotReadHoldsNobodyUp) {
    const NotifySocket socket(address_);
    set("NOTIFY_SOCKET", address_);
    const ServiceManager manager = ServiceManager::from_environment();
    for (int i = 0; i < kTooMany; ++i) manager.alive();
    try {
        manager.stopping();
        FAIL() << "there was room";
    } catch (const std::system_error& error) {
        EXPECT_EQ(error.code(), std::errc::resource_unavailable_try_again);
        EXPECT_THAT(error.what(), HasSubstr("(NOTIFY_SOCKET) STOPPING=1"));
    }
    EXPECT_EQ(socket.next(), "WATCHDOG=1");  // and now there is
    manager.stopping();
    EXPECT_EQ(socket.next_but("WATCHDOG=1"), "STOPPING=1");
}

TEST_F(ServiceManagerTest, OneThatDoesNotReadKeepsNoDaemonFromItsEnd) {
    const NotifySocket socket(address_);
    set("NOTIFY_SOCKET", address_);
    set("WATCHDOG_USEC", "20000");
    ChildProcess process(command_line("run", "plain"));
    EXPECT_THAT(socket.next(), HasSubstr("READY=1"));
    const ServiceManager manager = ServiceManager::from_environment();
    for (int i = 0; i < kTooMany; ++i) manager.alive();
    process.send_signal(SIGTERM);
    EXPECT_TRUE(process.wait_for(50s));
    EXPECT_EQ(process.status(), 0);
    EXPECT_THAT(process.errors, HasSubstr("(NOTIFY_SOCKET) STOPPING=1"));
}

TEST_F(ServiceManagerTest, IsToldByADaemon) {
    for (const std::string body : {"plain", "loop"}) {
        SCOPED_TRACE(body);
        const NotifySocket socket(address_);
        set("NOTIFY_SOCKET", address_);
        ChildProcess process(command_line("run", body));
        EXPECT_THAT(socket.next(), HasSubstr("READY=1\nMAINPID=" + std::to_string(process.pid())));
        while (!running_daemon(options)) ::sched_yield();
        reload_daemon(options);
        EXPECT_THAT(socket.next(), HasSubstr("RELOADING=1"));
        EXPECT_THAT(socket.next(), HasSubstr("READY=1"));
        process.send_signal(SIGTERM);
        EXPECT_EQ(socket.next(), "STOPPING=1");
        EXPECT_TRUE(process.wait_for(50s));
        EXPECT_EQ(process.status(), 0);
        std::filesystem::remove(address_);
    }
}

TEST_F(ServiceManagerTest, IsToldWhichProcessTheDaemonIs) {
    const NotifySocket socket(address_);
    set("NOTIFY_SOCKET", address_);
    const pid_t pid = start();
    EXPECT_EQ(socket.next(), "READY=1\nMAINPID=" + std::to_string(pid) + "\nSTATUS=at your service");
}

TEST_F(ServiceManagerTest, IsToldThatTheDaemonLives) {
    for (const std::string body : {"plain", "loop"}) {
        SCOPED_TRACE(body);
        const NotifySocket socket(address_);
        set("NOTIFY_SOCKET", address_);
        set("WATCHDOG_USEC", "20000");
        ChildProcess process(command_line("run", body));
        EXPECT_THAT(socket.next(), HasSubstr("READY=1"));
        for (int i = 0; i < 3; ++i) EXPECT_EQ(socket.next(), "WATCHDOG=1");
        reload_daemon(options);
        EXPECT_THAT(socket.next_but("WATCHDOG=1"), HasSubstr("RELOADING=1"));
        EXPECT_THAT(socket.next(), HasSubstr("READY=1"));
        EXPECT_EQ(socket.next(), "WATCHDOG=1");
        process.send_signal(SIGTERM);
        EXPECT_EQ(socket.next_but("WATCHDOG=1"), "STOPPING=1");
        EXPECT_TRUE(process.wait_for(50s));
        std::filesystem::remove(address_);
    }
}

}  // namespace
}  // namespace hocket::testing
