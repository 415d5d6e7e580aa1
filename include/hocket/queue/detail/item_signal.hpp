// A descriptor that is readable while a queue has items.
#pragma once

namespace hocket::detail {

/// An eventfd, made when it is first asked for. Guarded by the lock of its queue: each change is made before anybody
/// sees the next, or the descriptor could be left in the state before the last. That is one system call (200 ns) when
/// the first item comes and one when the last goes, and none in a queue that nobody polls.
class ItemSignal {
public:
    ItemSignal() noexcept = default;
    ItemSignal(const ItemSignal&) = delete;
    ItemSignal& operator=(const ItemSignal&) = delete;
    ~ItemSignal();
    /// A descriptor to adopt(). Throws std::system_error.
    static int make();
    static void discard(int descriptor) noexcept;
    /// -1 before adopt().
    int descriptor() const noexcept { return descriptor_; }
    void adopt(int descriptor) noexcept { descriptor_ = descriptor; }
    /// Makes the descriptor, if there is one, readable or not.
    void show(bool readable) noexcept {
        if (descriptor_ >= 0 && readable != readable_) [[unlikely]]
            change(readable);
    }

private:
    void change(bool readable) noexcept;
    int descriptor_ = -1;
    bool readable_ = false;
};

}  // namespace hocket::detail
