#include "process/pool_worker_handle.hpp"

#include <signal.h>
#include <sys/socket.h>

#include <cerrno>
#include <new>
#include <system_error>
#include <tuple>

#include "process/unix_message.hpp"

namespace hocket::detail {

PoolWorkerHandle::PoolWorkerHandle(std::uint32_t serial, std::size_t index) : serial(serial), index(index), inbox(-1) {
    std::tie(socket, worker_socket) = socket_pair();
    inbox = ChannelInbox(socket.get());
}

void PoolWorkerHandle::kill() noexcept {
    killed = true;
    try {
        process->send_signal(SIGKILL);
    } catch (const std::exception&) {  // it is not ours any more: it has its own end
    }
}

void PoolWorkerHandle::retire() noexcept {
    retiring = true;
    channel->stop.store(1, std::memory_order_seq_cst);
    channel->work.ring();
}

bool PoolWorkerHandle::tell(const ChannelMessage& message, std::span<const int> descriptors) noexcept {
    try {
        return send_message(socket.get(), message, descriptors, MSG_DONTWAIT) == Sent::yes;
    } catch (const std::system_error& error) {
        if (error.code().value() != ETOOMANYREFS && !is_want_of_memory(error)) refusal = std::current_exception();
    } catch (const std::bad_alloc&) {
    }
    return false;
}

bool PoolWorkerHandle::introduce(const SharedBlock& block) noexcept {
    try {
        if (!known_blocks.insert(block.number()).second) return true;
    } catch (const std::bad_alloc&) {  // it will be introduced again
    }
    const int descriptors[] = {block.descriptor()};
    if (tell(ChannelMessage{ChannelMessage::Kind::block, block.number()}, descriptors)) return true;
    known_blocks.erase(block.number());
    return false;
}

}  // namespace hocket::detail
