#include "hocket/core/detail/thread_end.hpp"

#include <pthread.h>

#include <optional>

namespace hocket::detail {

// The destructors of pthread keys run after those of thread-local objects. One key serves all; its value is not null
// while the list may have nodes.
class ThreadEnd {
public:
    static bool add(AtThreadEnd& node) noexcept {
        static const std::optional<pthread_key_t> made = make_key();
        if (!made || (!newest && ::pthread_setspecific(*made, &newest) != 0)) return false;
        node.next_ = newest;
        newest = &node;
        return true;
    }

private:
    static std::optional<pthread_key_t> make_key() noexcept {
        pthread_key_t key{};
        const auto call_all = [](void*) {
            while (AtThreadEnd* node = newest) {
                newest = node->next_;  // before the call, which may add others
                node->thread_ended();
            }
        };
        if (::pthread_key_create(&key, call_all) != 0) return std::nullopt;
        return key;
    }
    static thread_local constinit AtThreadEnd* newest;
};

thread_local constinit AtThreadEnd* ThreadEnd::newest = nullptr;

bool call_at_thread_end(AtThreadEnd& node) noexcept { return ThreadEnd::add(node); }

}  // namespace hocket::detail
