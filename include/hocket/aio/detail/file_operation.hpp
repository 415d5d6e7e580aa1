// FileOperation: one system call on a disk file, which a back end has done by the kernel.
#pragma once
#include <coroutine>
#include <cstddef>
#include <cstdint>

#include "hocket/core/detail/wait_queue.hpp"

namespace hocket::detail {

class IoBackend;

enum class FileVerb : std::uint8_t { read, write, sync };

/// The awaiter of a FileCall. The disk cannot be interrupted: a cancelled task waits for its end as well, and gets its
/// result; a task that is cancelled before gets -ECANCELED, nothing having been done. Descriptor and memory must stay
/// until then.
class [[nodiscard]] FileOperation final : public Suspension {
public:
    /// At the position of the file, which moves; at its end for one that was opened to append.
    static constexpr std::uint64_t kAtPosition = ~std::uint64_t{0};

    FileOperation(IoBackend& backend, int fd, FileVerb verb, void* data, std::size_t size,
                  std::uint64_t offset) noexcept
        : backend_(backend), data_(data), size_(size), offset_(offset), fd_(fd), verb_(verb) {}
    FileOperation(const FileOperation&) = delete;
    FileOperation& operator=(const FileOperation&) = delete;
    ~FileOperation() = default;

    bool await_ready() const noexcept { return false; }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> caller) noexcept {
        return start(caller.promise());
    }
    std::int64_t await_resume() const noexcept { return result_; }
    std::string waits_for() const override;

private:
    friend class IoUringBackend;
    bool start(PromiseBase& promise) noexcept;
    void cancel() noexcept override {}
    void run() noexcept override;
    void finish(std::int64_t result) noexcept {
        result_ = result;
        finished_ = true;
    }

    IoBackend& backend_;
    void* const data_;
    const std::size_t size_;
    const std::uint64_t offset_;
    std::int64_t result_ = 0;
    const int fd_;
    const FileVerb verb_;
    bool finished_ = false;
};

/// For back ends whose does_files() says so: `co_await FileCall(...)` gives the number of bytes, or -errno.
class [[nodiscard]] FileCall {
public:
    FileCall(IoBackend& backend, int fd, FileVerb verb, void* data = nullptr, std::size_t size = 0,
             std::uint64_t offset = 0) noexcept
        : backend_(backend), data_(data), size_(size), offset_(offset), fd_(fd), verb_(verb) {}
    FileOperation operator co_await() const noexcept {
        return FileOperation(backend_, fd_, verb_, data_, size_, offset_);
    }

private:
    IoBackend& backend_;
    void* data_;
    std::size_t size_;
    std::uint64_t offset_;
    int fd_;
    FileVerb verb_;
};

}  // namespace hocket::detail
